import path from 'node:path'
import type { CreateRule, ESTree, Plugin } from '@oxlint/plugins'
import { whyForbidden } from './modules.ts'

type Importing =
  | ESTree.ImportDeclaration
  | ESTree.ExportNamedDeclaration
  | ESTree.ExportAllDeclaration
  | ESTree.ImportExpression
  | ESTree.TSImportType

/** Enforces the import table of tools/modules.ts for static, dynamic and type imports. */
const modules: CreateRule = {
  create(context) {
    const file = path.relative(context.cwd, context.filename).replaceAll(path.sep, '/')
    const visit = (node: Importing) => {
      const specifier = specifierOf(node)
      if (specifier === undefined) return
      const message = whyForbidden({ file, specifier, typeOnly: isTypeOnly(node) })
      if (message !== undefined) context.report({ node, message })
    }
    return {
      ImportDeclaration: visit,
      ExportNamedDeclaration: visit,
      ExportAllDeclaration: visit,
      ImportExpression: visit,
      TSImportType: visit,
    }
  },
}

/** An error must be a failure with a code, or a bug raised by `invariant`; a bare error is neither. */
const noBareError: CreateRule = {
  create(context) {
    return {
      ThrowStatement(node) {
        const thrown = node.argument
        if (thrown.type !== 'NewExpression' && thrown.type !== 'CallExpression') return
        if (thrown.callee.type !== 'Identifier' || thrown.callee.name !== 'Error') return
        const message = 'Raise a failure of the module (failures.ts), or state an invariant.'
        context.report({ node, message })
      },
    }
  },
}

const plugin: Plugin = {
  meta: { name: 'slipway' },
  rules: { modules, 'no-bare-error': noBareError },
}

export default plugin

function specifierOf(node: Importing): string | undefined {
  const { source } = node
  return source?.type === 'Literal' && typeof source.value === 'string' ? source.value : undefined
}

function isTypeOnly(node: Importing): boolean {
  switch (node.type) {
    case 'TSImportType':
      return true
    case 'ImportExpression':
      return false
    case 'ImportDeclaration':
      return (
        node.importKind === 'type' ||
        (node.specifiers.length > 0 &&
          node.specifiers.every(
            (one) => one.type === 'ImportSpecifier' && one.importKind === 'type',
          ))
      )
    case 'ExportNamedDeclaration':
      return (
        node.exportKind === 'type' ||
        (node.specifiers.length > 0 && node.specifiers.every((one) => one.exportKind === 'type'))
      )
    case 'ExportAllDeclaration':
      return node.exportKind === 'type'
  }
}
