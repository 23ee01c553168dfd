import { describe, expect, test } from 'vitest'
import { requireConsentByName } from './consent.ts'
import type { AppContext, AskConsent } from './context.ts'

const QUESTION = { database: 'shop', message: 'This drops a table.', command: ['reset'] }

function context(askConsent?: AskConsent): AppContext {
  return {
    cwd: '/',
    env: {},
    names: {},
    emit: () => {},
    signal: new AbortController().signal,
    now: Date.now,
    nodeVersion: process.versions.node,
    askConsent,
  }
}

describe('consent by name', () => {
  test('is only the name of the database', async () => {
    await requireConsentByName(context(), { confirm: 'shop' }, QUESTION)
    const other = requireConsentByName(
      context(async () => true),
      { confirm: 'other' },
      QUESTION,
    )
    await expect(other).rejects.toMatchObject({ failure: { code: 'APP.CONSENT_NEEDED' } })
  })

  test('prompts the user if no name is given', async () => {
    await requireConsentByName(
      context(async ({ database }) => database === 'shop'),
      {},
      QUESTION,
    )
    const no = requireConsentByName(
      context(async () => false),
      {},
      QUESTION,
    )
    await expect(no).rejects.toMatchObject({ failure: { code: 'APP.DECLINED' } })
  })

  test('without a prompt, the failure says what would happen, and the command with the name', async () => {
    await expect(requireConsentByName(context(), {}, QUESTION)).rejects.toMatchObject({
      failure: {
        code: 'APP.CONSENT_NEEDED',
        why: 'This drops a table.',
        nextActions: [{ args: ['reset', '--confirm', 'shop'] }],
      },
    })
  })
})
