import { createContext, Script } from 'node:vm'

const script = new Script('work()')

/**
 * What `work` returns; undefined when it takes longer. Patterns are those of whoever may set policies, and there are some that
 * JavaScript would try on one name for ever: only a script with a timeout is stopped within an expression.
 */
export function within<T>(timeoutMs: number, work: () => T): { readonly value: T } | undefined {
  try {
    return { value: script.runInContext(createContext({ work }), { timeout: timeoutMs }) as T }
  } catch (error) {
    // Of the script's own realm, and so no instance of this one's Error.
    const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
    if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined
    throw error
  }
}
