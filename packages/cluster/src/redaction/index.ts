export { redact, REDACTED, redactText } from './redact.ts'
export { Secret } from './secret.ts'
