export {
  commandLine,
  type CommandLineOptions,
  needsUrlVariable,
  URL_VARIABLE,
} from './command-line.ts'
