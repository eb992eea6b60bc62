import { access, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ClusterError } from '../errors.ts'
import { isObject } from '../resources/value.ts'
import { checkSpec, parseSpec, type ParseOptions } from './parse.ts'
import type { Spec } from './spec.ts'

export interface LoadedSpec {
  readonly spec: Spec
  readonly file: string
  /** What password files are relative to. */
  readonly folder: string
}

const names = ['warren.yaml', 'warren.yml']

/**
 * Loads a spec: `file`, which may be YAML or a module whose default export is one, else warren.yaml in `cwd` or above. Throws
 * SPEC_NOT_FOUND and what `parseSpec` throws.
 */
export async function loadSpec(
  cwd: string,
  file: string | undefined,
  options: Omit<ParseOptions, 'file'> = {},
): Promise<LoadedSpec> {
  const found = file === undefined ? await findUpwards(cwd) : resolve(cwd, file)
  const folder = dirname(found)
  const shown = relative(cwd, found) || found
  if (/\.[cm]?[jt]s$/.test(found)) return { spec: await importSpec(found, shown), file: found, folder }
  const text = await readFile(found, 'utf8').catch((error: unknown) => {
    throw new ClusterError('SPEC_NOT_FOUND', `the spec ${shown} cannot be read`, { file: found }, error)
  })
  return { spec: parseSpec(text, { ...options, file: shown }), file: found, folder }
}

async function importSpec(file: string, shown: string): Promise<Spec> {
  const module: unknown = await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw new ClusterError(
      'SPEC_INVALID',
      `${shown} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
    )
  })
  return checkSpec(isObject(module) ? module['default'] : undefined, shown)
}

async function findUpwards(from: string): Promise<string> {
  for (let folder = from; ; folder = dirname(folder)) {
    for (const name of names) {
      const file = join(folder, name)
      if (
        await access(file).then(
          () => true,
          () => false,
        )
      )
        return file
    }
    if (dirname(folder) === folder) break
  }
  throw new ClusterError(
    'SPEC_NOT_FOUND',
    'there is no warren.yaml here or above; name one with --spec, or write one with "warren spec init"',
  )
}
