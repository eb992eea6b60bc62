/** True when a broker's version (`3.10.8`, `4.3.0-rc.1`) is `wanted` (`4`, `3.12`, `4.0.9`) or later. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [have, need] = [numbersOf(version), numbersOf(wanted)]
  for (const [index, part] of need.entries()) {
    const difference = (have[index] ?? 0) - part
    if (difference !== 0) return difference > 0
  }
  return true
}

/** The lowest of several versions: what a cluster of mixed versions can do. */
export function lowestOf(versions: readonly string[]): string | undefined {
  return versions.reduce<string | undefined>(
    (lowest, version) => (lowest === undefined || !isAtLeast(version, lowest) ? version : lowest),
    undefined,
  )
}

function numbersOf(version: string): number[] {
  return (/^\d+(\.\d+)*/.exec(version.trim())?.[0] ?? '').split('.').map(Number)
}
