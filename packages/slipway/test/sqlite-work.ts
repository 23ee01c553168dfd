/** A request for work on a SQLite file, without the migrations. `folder` is for caches. */
export function sqliteWork(file: string, folder: string) {
  return {
    address: { kind: 'sqlite', file },
    environment: 'development',
    confirm: false,
    protected: false,
    limits: { lockTimeoutMs: 10_000, statementTimeoutMs: 60_000 },
    deadlineMs: 60_000,
    shadow: { dialect: 'sqlite', cacheDir: folder },
    signal: new AbortController().signal,
    emit: () => {},
    consent: { confirm: undefined },
  } as const
}
