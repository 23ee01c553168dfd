import { pino } from 'pino'

export const logger = pino({ name: 'carriers', level: process.env['LOG_LEVEL'] ?? 'info' })
