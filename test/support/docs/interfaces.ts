import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from './markdown.ts'

/** The names of the members of an exported interface. Throws when the file has no such interface. */
export function membersOf(file: string, name: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest)
  for (const statement of source.statements) {
    if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== name) continue
    // What it inherits would be missed.
    if (statement.heritageClauses !== undefined) throw new Error(`${name} extends another interface: read that, too`)
    return statement.members.map((member) => {
      if (member.name !== undefined && ts.isIdentifier(member.name)) return member.name.text
      throw new Error(`${name} has a member without a plain name`)
    })
  }
  throw new Error(`${file} has no interface ${name}`)
}
