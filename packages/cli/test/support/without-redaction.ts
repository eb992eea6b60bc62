/**
 * Loaded before the command (`--import`), makes every redaction of `@warren/cluster` let secrets through: so that a test can show
 * that it would see them. It replaces modules as they are loaded; nothing in the sources can be told to do this.
 */
import { registerHooks } from 'node:module'

const stubs: Readonly<Record<string, string>> = {
  'redact.ts': `
    export const REDACTED = '***'
    export const isSecretName = () => false
    export const redactText = (text) => text
    export const redactUrl = (text) => text
    export const redact = (value) => value`,
  'sent.ts': 'export const withoutSent = (answer) => answer',
  'secret.ts': `
    export class Secret {
      constructor(text) { this.text = text }
      reveal() { return this.text }
      toString() { return this.text }
      toJSON() { return this.text }
    }`,
}

registerHooks({
  load(url, context, nextLoad) {
    const file = /\/packages\/cluster\/src\/redaction\/([\w-]+\.ts)$/.exec(url)?.[1]
    const source = file === undefined ? undefined : stubs[file]
    return source === undefined ? nextLoad(url, context) : { format: 'module', source, shortCircuit: true }
  },
})
