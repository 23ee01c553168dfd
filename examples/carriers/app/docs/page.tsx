import { openApiDocument } from '../../src/openapi.ts'

export const metadata = { title: 'API' }

interface Operation {
  readonly summary: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Readonly<Record<string, { readonly description: string }>>
}

/** The OpenAPI document in readable form. */
export default function Docs() {
  const { info, paths, components } = openApiDocument()
  return (
    <>
      <h1>{info.title} API</h1>
      <p>
        {info.description} The document for programs:{' '}
        <a href="/api/openapi.json">/api/openapi.json</a> (OpenAPI 3.1).
      </p>
      {Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods)
          .filter(([method]) => method !== 'parameters')
          .map(([method, operation]) => (
            <OperationPanel
              key={`${method} ${path}`}
              title={`${method.toUpperCase()} ${path}`}
              operation={operation as Operation}
            />
          )),
      )}
      <h2>Schemas</h2>
      {Object.entries(components.schemas).map(([name, schema]) => (
        <details className="panel" key={name}>
          <summary>{name}</summary>
          <pre>{JSON.stringify(schema, null, 2)}</pre>
        </details>
      ))}
    </>
  )
}

function OperationPanel({ title, operation }: { title: string; operation: Operation }) {
  return (
    <section className="panel" aria-label={title}>
      <h2>
        <code>{title}</code>
      </h2>
      <p>{operation.summary}</p>
      {operation.parameters && (
        <p className="muted">
          Parameters: {operation.parameters.map((one) => `${one.name} (${one.in})`).join(', ')}
        </p>
      )}
      <table>
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(operation.responses).map(([status, { description }]) => (
            <tr key={status}>
              <td>{status}</td>
              <td>{description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
