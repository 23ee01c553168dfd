import type { Problem } from '../src/schemas.ts'

/** The response of the API: the data, or the problem. */
export type Result<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly problem: Problem }

export interface Options {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

export async function callApi<T>(
  path: string,
  { method, body, headers }: Options,
): Promise<Result<T>> {
  try {
    const response = await fetch(path, {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!response.ok) return { ok: false, problem: (await response.json()) as Problem }
    return { ok: true, data: (response.status === 204 ? undefined : await response.json()) as T }
  } catch {
    const detail = 'The server cannot be reached. Check your connection and try again.'
    return { ok: false, problem: { type: 'about:blank', title: 'No answer', status: 0, detail } }
  }
}
