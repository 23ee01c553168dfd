import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, test } from '@playwright/test'

/** What a dispatcher does, at two widths, light and dark, by keyboard where that is how it is done. */

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
}

/** Nothing reaches over the edge of the screen. */
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

/** A name that no other run has used. */
const unique = (name: string) => `${name} ${Date.now() % 1_000_000} ${test.info().project.name}`

test('lists, searches and turns pages', async ({ page }) => {
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

test('says which number is taken, and that a carrier was changed meanwhile', async ({
  page,
  request,
}) => {
  await page.goto('/carriers/new')
  await page.getByLabel('Legal name').fill(unique('Second'))
  await page.getByLabel('MC number', { exact: true }).fill('99100000')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Already taken.')).toBeVisible()
  const created = await request.post('/api/carriers', { data: { name: unique('Stale') } })
  const { id } = (await created.json()) as { id: number }
  await page.goto(`/carriers/${id}/edit`)
  await request.patch(`/api/carriers/${id}`, {
    data: { powerUnits: 3 },
    headers: { 'if-match': '"1"' },
  })
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('The carrier was changed since you have read it.')).toBeVisible()
})

test('shows the API, and a page for what is not there', async ({ page }) => {
  await page.goto('/docs')
  await expect(page.getByRole('heading', { name: 'GET /api/carriers', exact: true })).toBeVisible()
  await look(page, 'docs')
  const missing = await page.goto('/carriers/2147483647')
  expect(missing?.status()).toBe(404)
  await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible()
  await look(page, 'not-found')
})
