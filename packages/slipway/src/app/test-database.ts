type Fill = typeof import('./fill-test-database.ts')

/** Deploys a project's migrations to a new database and runs its sets there. Raises the failures of both. */
export const fillDatabase: Fill['fillDatabase'] = async (...given) => {
  const { fillDatabase: fill } = await import('./fill-test-database.ts')
  await fill(...given)
}

/** Runs seed sets on a test database, and returns what they wrote. Raises their failures. */
export const seedDatabase: Fill['seedDatabase'] = async (...given) => {
  const { seedDatabase: seed } = await import('./fill-test-database.ts')
  return await seed(...given)
}
