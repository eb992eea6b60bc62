export { defineConfig } from './config.ts'
export type { WarrenConfig } from './config.ts'
