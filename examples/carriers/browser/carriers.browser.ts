import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'

/** What a dispatcher does, at two widths, in light and dark mode, and by keyboard for data entry. */

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
}

/** Checks that nothing extends beyond the edge of the screen. */
async function expectNoSideScroll(page: Page): Promise<void> {
  const width = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, window.innerWidth]',
  )
  expect(width[0]).toBeLessThanOrEqual(width[1])
}

async function look(page: Page, name: string): Promise<void> {
  await expectNoSideScroll(page)
  await expectAccessible(page)
  await page.screenshot({
    path: `test-results/${test.info().project.name}-${name}.png`,
    fullPage: false,
  })
}

/** A name that no other run uses. */
const unique = (name: string) => `${name} ${Date.now() % 1_000_000} ${test.info().project.name}`

test('lists, searches and pages', async ({ page }) => {
  await page.goto('/carriers')
  await expect(page.getByRole('row')).toHaveCount(26)
  await look(page, 'list')
  await page.getByRole('link', { name: 'Next page' }).click()
  await expect(page).toHaveURL(/cursor=/)
  await expect(page.getByText('25 carriers, continued')).toBeVisible()
  await page.getByLabel('Name or MC number').fill('lone pine')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/q=lone\+pine/)
  await expect(page.getByRole('link', { name: /Lone Pine/ }).first()).toBeVisible()
  await page.goto('/carriers?q=nobody+has+this+name')
  await expect(page.getByRole('status')).toContainText('No carrier matches.')
  await look(page, 'empty')
})

test('creates, changes and deletes a carrier by keyboard', async ({ page }) => {
  const name = unique('Keyboard Freight')
  await page.goto('/carriers/new')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused()
  await page.getByLabel('MC number', { exact: true }).fill('MC-12')
  await page.keyboard.press('Enter')
  await expect(page.getByText('Please correct the marked fields.')).toBeVisible()
  await expect(page.getByLabel('Legal name')).toBeFocused()
  await expect(page.getByLabel('Legal name')).toHaveAttribute('aria-invalid', 'true')
  await expect(page.getByText('Up to 8 digits.')).toBeVisible()
  await look(page, 'form-errors')
  await page.getByLabel('Legal name').fill(name)
  await page.getByLabel('MC number', { exact: true }).fill('')
  await page.getByLabel('Power units').fill('12')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()

  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByLabel('Home state').fill('VT')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  await expect(page.getByRole('definition').filter({ hasText: 'VT' })).toBeVisible()

  await page.getByRole('button', { name: 'Delete', exact: true }).focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: `Delete ${name}?` })
  await expect(dialog).toBeVisible()
  await look(page, 'delete')
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('button', { name: 'Delete the carrier' }).click()
  await expect(page).toHaveURL(/\/carriers$/)
  await page.goto(`/carriers?q=${encodeURIComponent(name)}`)
  await expect(page.getByRole('status')).toContainText('No carrier matches.')
})

test('adds, changes and removes contacts and policies by keyboard', async ({ page }) => {
  const created = await page.request.post('/api/carriers', { data: { name: unique('Parts') } })
  const { id } = (await created.json()) as { id: number }
  await page.goto(`/carriers/${id}`)
  await page.getByRole('link', { name: 'Add a contact' }).focus()
  await page.keyboard.press('Enter')
  await expect(
    page.getByRole('heading', { level: 1, name: /^Add a contact to Parts/ }),
  ).toBeVisible()
  await page.getByLabel('E-mail').fill('nobody')
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('Name', { exact: true })).toBeFocused()
  await expect(page.getByText('Please fill this in.')).toBeVisible()
  await expect(page.getByText('An e-mail address.')).toBeVisible()
  await look(page, 'contact-errors')
  await page.getByLabel('Name', { exact: true }).fill('Ann Reyes')
  await page.getByLabel('E-mail').fill('ann@granite.example')
  await page.getByLabel('Primary contact').press('Space')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('row', { name: /Ann Reyes primary/ })).toBeVisible()

  await page.getByRole('link', { name: 'Ann Reyes' }).click()
  await expect(page.getByLabel('Primary contact')).toBeChecked()
  await page.getByLabel('Title').fill('Dispatcher')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('row', { name: /Ann Reyes primary.*Dispatcher/ })).toBeVisible()

  await page.getByRole('link', { name: 'Add a policy' }).click()
  await page.getByLabel('Kind').selectOption('CARGO')
  await page.getByLabel('Insurer').fill('Keystone')
  await page.getByLabel('Policy number').fill(unique('K'))
  await page.getByLabel('Coverage').fill('250000.00')
  await page.getByLabel('Effective on').fill('2031-02-01')
  await page.getByLabel('Expires on').fill('2031-01-01')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByLabel('Expires on')).toBeFocused()
  await expect(page.locator('#expiresOn-error')).toHaveText('A policy must expire after it begins.')
  await look(page, 'policy-errors')
  await page.getByLabel('Expires on').fill('2032-02-01')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('until 2032-02-01')).toBeVisible()
  await look(page, 'parts')

  await page.getByRole('link', { name: /^K \d+/ }).click()
  await expect(page.getByRole('heading', { level: 1, name: /^Edit K/ })).toBeVisible()
  await page.getByRole('button', { name: 'Delete', exact: true }).press('Enter')
  await look(page, 'policy-delete')
  await page.getByRole('button', { name: 'Delete the policy' }).press('Enter')
  await expect(page.getByText('No policies.')).toBeVisible()
  await page.getByRole('link', { name: 'Ann Reyes' }).click()
  await expect(page.getByRole('heading', { level: 1, name: /^Edit Ann Reyes/ })).toBeVisible()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('button', { name: 'Delete the contact' }).click()
  await expect(page.getByText('No contacts.')).toBeVisible()
})

test('shows what was saved, also in the list, while the replica is behind', async ({
  page,
  request,
}) => {
  const name = unique('Fresh')
  await page.goto('/carriers/new')
  await page.getByLabel('Legal name').fill(name)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  const query = `?q=${encodeURIComponent(name)}`
  await page.goto(`/carriers${query}`)
  await expect(page.getByRole('link', { name })).toBeVisible({ timeout: 1 })
  // The replica serves other users, who have not written.
  const metrics = await (await request.get('/api/metrics')).text()
  expect(metrics).toMatch(/slipway_operation_results_total\{source="replica".*\} [1-9]/)
})

test('shows a carrier with contacts, policies and loads', async ({ page }) => {
  await page.goto('/carriers?sort=createdAt')
  await page.getByRole('row').nth(1).getByRole('link').click()
  for (const heading of ['Contacts', 'Insurance policies', 'Loads']) {
    await expect(page.getByRole('heading', { name: heading })).toBeVisible()
  }
  await look(page, 'detail')
  await page.getByLabel('References of planned loads').fill('LD-NOWHERE')
  await page.getByRole('button', { name: 'Assign' }).click()
  await expect(page.getByText('Not a planned load without a carrier: LD-NOWHERE.')).toBeVisible()
})

test('names a number that is taken, and reports a concurrent change of the carrier', async ({
  page,
}) => {
  await page.goto('/carriers/new')
  await page.getByLabel('Legal name').fill(unique('Second'))
  await page.getByLabel('MC number', { exact: true }).fill('99100000')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Already taken.')).toBeVisible()
  const created = await page.request.post('/api/carriers', { data: { name: unique('Stale') } })
  const { id } = (await created.json()) as { id: number }
  await page.goto(`/carriers/${id}/edit`)
  await page.request.patch(`/api/carriers/${id}`, {
    data: { powerUnits: 3 },
    headers: { 'if-match': '"1"' },
  })
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('The carrier was changed after you read it.')).toBeVisible()
})

test('shows the API, and a page for missing records', async ({ page }) => {
  await page.goto('/docs')
  await expect(page.getByRole('heading', { name: 'GET /api/carriers', exact: true })).toBeVisible()
  await look(page, 'docs')
  const missing = await page.goto('/carriers/2147483647')
  expect(missing?.status()).toBe(404)
  await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible()
  await look(page, 'not-found')
})
