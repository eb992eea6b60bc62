export { defineConfig } from './config.ts'
export type { MonitorCluster, MonitorLogin, WarrenConfig } from './config.ts'
