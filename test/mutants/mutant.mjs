/**
 * A defect on purpose: `search` stands exactly once in `file` and is replaced, and one of `tests` must fail then.
 *
 * @typedef {object} Mutant
 * @property {string} name What the defect does.
 * @property {string} file From the root of the repository.
 * @property {string} search
 * @property {string} replace
 * @property {readonly string[]} tests Test files from the root of the repository.
 * @property {string} [only] Runs the tests whose names match this alone.
 */

/**
 * @param {string} source
 * @param {Mutant} mutant
 * @returns {{ readonly text: string } | { readonly problem: string }}
 */
export function applyMutant(source, { search, replace, file }) {
  const count = source.split(search).length - 1
  if (count !== 1) return { problem: `its text stands ${count} times in ${file}, and must stand there once` }
  if (search === replace) return { problem: 'it changes nothing' }
  return { text: source.replace(search, () => replace) }
}
