import { must } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { Input, Output } from '../host.ts'
import { clean, type Style } from '../render/style.ts'

/** A question, and the flag that answers it if prompts are not possible. */
export interface Question {
  readonly message: string
  /** As it is typed: `--rename User.name=fullName`. */
  readonly flag: string
}

export interface Choice<T extends string> extends Question {
  readonly choices: readonly { readonly value: T; readonly label: string }[]
}

/** A change that must not happen to the wrong database. */
export interface Consent {
  readonly database: string
  /** Another name of the database, which is accepted as well. */
  readonly alias?: string | undefined
  /** What is about to happen, as a sentence. */
  readonly message: string
}

/**
 * Prompts the user. Never assumes an answer: without a terminal, it fails with CLI.NOT_INTERACTIVE,
 * which names the flag; at the end of the input with CLI.DECLINED; on Ctrl-C with CLI.INTERRUPTED.
 */
export interface Prompter {
  readonly interactive: boolean
  /** False if the user answers no, or presses only Enter. `-y` answers yes. */
  confirm(question: Question): Promise<boolean>
  select<T extends string>(question: Choice<T>): Promise<T>
  /** Never empty. Pressing only Enter gives `initial`. */
  text(question: Question & { readonly initial?: string }): Promise<string>
  /** Whether the user types the name of the database. `-y` does not answer it. */
  typeName(consent: Consent): Promise<boolean>
}

export interface PrompterOptions {
  readonly stdin: () => Input
  readonly stderr: Output
  readonly style: Style
  readonly interactive: boolean
  /** `-y`. */
  readonly yes: boolean
  readonly signal: AbortSignal
  /** Called before a question is drawn. */
  readonly before: () => void
}

/** Whether prompts are possible: stdin and stderr are terminals, not in CI, no `--no-interactive`. */
export function isInteractive(
  {
    stdin,
    stderr,
    env,
  }: { stdin: () => Input; stderr: Output; env: Readonly<Record<string, string | undefined>> },
  noInteractive: boolean,
): boolean {
  const ci =
    env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false' && env['CI'] !== '0'
  return !ci && !noInteractive && stderr.isTTY === true && stdin().isTTY === true
}

export function createPrompter(options: PrompterOptions): Prompter {
  const { interactive, yes, style } = options
  const show = (message: string) => style('bold', clean(message))
  const ask = (question: Question, text: string) => {
    if (!interactive) refuseToAsk(question)
    return readLine(options, text)
  }
  const typeName = async ({ database, alias, message }: Consent) => {
    if (!interactive) refuseToAsk({ message, flag: `--confirm ${database}` })
    const text = `${show(message)}\nType ${clean(database)} to continue: `
    return [database, alias].includes(await readLine(options, text))
  }
  return {
    interactive,
    typeName,
    async confirm(question) {
      if (yes) return true
      return /^y(?:es)?$/i.test(await ask(question, `${show(question.message)} [y/N] `))
    },
    async select(question) {
      const list = question.choices
        .map(({ label }, index) => `  ${index + 1}. ${clean(label)}\n`)
        .join('')
      const text = `${show(question.message)}\n${list}Number, 1 to ${question.choices.length}: `
      for (;;) {
        const answer = await ask(question, text)
        const chosen = /^\d+$/.test(answer) ? question.choices[Number(answer) - 1] : undefined
        if (chosen) return chosen.value
      }
    },
    async text(question) {
      for (;;) {
        const { message, initial = '' } = question
        const shown = initial === '' ? '' : `[${clean(initial)}] `
        const answer = (await ask(question, `${show(message)} ${shown}`)) || initial
        if (answer !== '') return answer
      }
    },
  }
}

function refuseToAsk({ message, flag }: Question): never {
  raise('CLI.NOT_INTERACTIVE', {
    message: `Slipway cannot prompt: ${message}`,
    why: `The input is not a terminal, or CI or --no-interactive is set. Answer with \`${flag}\`.`,
  })
}

/** Reads one line of input, trimmed. */
async function readLine(
  { stdin, stderr, signal, before }: PrompterOptions,
  text: string,
): Promise<string> {
  signal.throwIfAborted()
  before()
  const { createInterface } = await import('node:readline')
  // Not as a terminal: the terminal's own line editing is enough, and Ctrl-C remains a signal.
  const lines = createInterface({ input: stdin(), terminal: false })
  const answered = Promise.withResolvers<string | undefined>()
  const stop = () => answered.reject(must(signal.reason, 'reason of the signal'))
  lines.once('line', answered.resolve)
  lines.once('close', () => answered.resolve(undefined))
  signal.addEventListener('abort', stop, { once: true })
  try {
    stderr.write(text)
    const answer = await answered.promise
    if (answer !== undefined) return answer.trim()
    stderr.write('\n')
    return raise('CLI.DECLINED', { message: 'The input ended before the answer.' })
  } finally {
    signal.removeEventListener('abort', stop)
    lines.close()
  }
}
