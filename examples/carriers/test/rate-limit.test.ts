import { expect, it, vi } from 'vitest'

it('counts a client by the address that the proxy appended, whatever the client sent', async () => {
  vi.stubEnv('RATE_LIMIT', '2')
  const { limitRate } = await import('../src/api/rate-limit.ts')
  const request = (forwarded: string) =>
    new Request('http://localhost/', { headers: { 'x-forwarded-for': forwarded } })
  await limitRate(request('10.0.0.1, 192.0.2.7'))
  await limitRate(request('10.0.0.2, 192.0.2.7'))
  await expect(limitRate(request('10.0.0.3, 192.0.2.7'))).rejects.toMatchObject({
    body: { status: 429 },
  })
  await limitRate(request('10.0.0.3, 192.0.2.8'))
})
