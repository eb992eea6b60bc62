import { access } from 'node:fs/promises'

/** True when there is something at the path. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
