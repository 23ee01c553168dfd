// Checks that a deployed Worker works with its database: node scripts/smoke-test.ts <url>. Exits with 1 if it does not.
// A new version takes a moment until it responds, so each request is repeated for a minute.

const [base] = process.argv.slice(2)
if (base === undefined || !URL.canParse(base)) throw new Error('Name the URL of the Worker.')

const deadline = Date.now() + 60_000

await expectOk('/health')
await expectOk('/customers?limit=1')

async function expectOk(path: string): Promise<void> {
  const url = new URL(path, base)
  for (;;) {
    const answer = await ask(url)
    if (answer.ok) return console.log(`${path}: ${answer.text}`)
    if (Date.now() > deadline) {
      console.error(`${path}: ${answer.text}`)
      process.exit(1)
    }
    await new Promise((resolve) => setTimeout(resolve, 2000))
  }
}

async function ask(url: URL): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    const body = await response.text()
    // Only health is shown, because other responses contain rows.
    return {
      ok: response.ok,
      text: `${response.status}${url.pathname === '/health' ? ` ${body}` : ''}`,
    }
  } catch (error) {
    return { ok: false, text: error instanceof Error ? error.message : String(error) }
  }
}
