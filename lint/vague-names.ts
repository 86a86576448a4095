// Names that say nothing: `utils`, `helpers`, `common`, `misc`, `manager`. A declaration is named for what it returns or does, a file for
// the one thing it holds. Files and folders are checked in test/arch/names.test.ts with the same words.
import type { Rule } from 'eslint'

const VAGUE_WORDS = new Set(['util', 'utils', 'utility', 'utilities', 'helper', 'helpers', 'misc', 'miscellaneous', 'manager', 'managers'])

/** The vague word in an identifier or a path segment, or null. `common` counts only alone: `commonPrefix` says something. */
export function vagueWordIn(name: string): string | null {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(word => word !== '')
  if (words.length === 1 && words[0] === 'common') return 'common'
  return words.find(word => VAGUE_WORDS.has(word)) ?? null
}

const DECLARES_A_NAME = [
  'VariableDeclarator > Identifier.id',
  'FunctionDeclaration > Identifier.id',
  'ClassDeclaration > Identifier.id',
  'ClassExpression > Identifier.id',
  'TSInterfaceDeclaration > Identifier.id',
  'TSTypeAliasDeclaration > Identifier.id',
  'MethodDefinition > Identifier.key',
  'PropertyDefinition > Identifier.key',
  'TSMethodSignature > Identifier.key',
  'TSPropertySignature > Identifier.key',
  ':function > Identifier.params',
  'ImportNamespaceSpecifier > Identifier.local',
  'ImportDefaultSpecifier > Identifier.local',
]

export const vagueNames: Rule.RuleModule = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      vague: "'{{name}}': '{{word}}' names nothing. Say what it returns, does or holds.",
    },
  },
  create: context => {
    const check = (node: Rule.Node & { name: string }): void => {
      const word = vagueWordIn(node.name)
      if (word !== null) context.report({ node, messageId: 'vague', data: { name: node.name, word } })
    }
    return Object.fromEntries(DECLARES_A_NAME.map(selector => [selector, check]))
  },
}
