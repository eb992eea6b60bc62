export { isSecretName, redact, REDACTED, redactText, redactUrl } from './redact.ts'
export { Secret } from './secret.ts'
