import { expect, test } from 'vitest'
import { postgresPorts } from './compose.ts'

function ports(text: string, variables: Record<string, string> = {}): string[] {
  return postgresPorts(text, (name) => variables[name]).map(
    ({ service, port }) => `${service} ${port}`,
  )
}

test('reads the short and the long form, only of PostgreSQL services', () => {
  expect(
    ports(`
version: "3.9"
x-defaults: &defaults
  restart: always   # a comment
services:
  web:
    image: node:24
    ports: ["3000:3000"]
  db:
    image: "postgres:17-alpine" # pinned
    environment:
      POSTGRES_PASSWORD: secret
    ports:
      - "5433:5432"
      - 127.0.0.1:5434:5432/tcp
      - 8080:80
  "analytics":
    image: timescale/timescaledb:latest-pg16
    ports:
    - published: "5440"
      target: 5432
      protocol: tcp
  cache:
    image: redis
    ports:
      - 6379:6379
volumes:
  db:
    driver: local
`),
  ).toEqual(['db 5433', 'db 5434', 'analytics 5440'])
})

test('variables and their defaults are substituted', () => {
  const text =
    'services:\n  db:\n    image: pgvector/pgvector:pg17\n    ports: ["${DB_PORT:-5455}:5432"]\n'
  expect(ports(text)).toEqual(['db 5455'])
  expect(ports(text, { DB_PORT: '5999' })).toEqual(['db 5999'])
})

test('unreadable entries are left out', () => {
  expect(
    ports(
      'services:\n  db:\n    image: postgres\n    ports:\n      - "5432"\n      - 9000-9010:5432\n',
    ),
  ).toEqual([])
  expect(ports('not: yaml: at: all\n\t- [')).toEqual([])
  expect(ports('')).toEqual([])
})
