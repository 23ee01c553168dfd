import createKnex from 'knex'

const knex = createKnex({ client: 'pg', connection: process.env.DATABASE_URL })
await knex.migrate.latest({ directory: process.argv[2], loadExtensions: ['.cjs'] })
await knex.destroy()
