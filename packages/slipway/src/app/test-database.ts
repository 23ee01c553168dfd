type Fill = typeof import('./fill.ts')

/** Deploys a project's migrations to a new database and runs its sets there. Raises the failures of both. */
export const fillDatabase: Fill['fillDatabase'] = async (...given) => {
  const { fillDatabase: fill } = await import('./fill.ts')
  await fill(...given)
}

/** Runs seed sets on a test database, and returns what they wrote. Raises their failures. */
export const seedDatabase: Fill['seedDatabase'] = async (...given) => {
  const { seedDatabase: seed } = await import('./fill.ts')
  return await seed(...given)
}
