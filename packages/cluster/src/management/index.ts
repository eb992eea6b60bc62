export { ClusterError, type ClusterErrorCode, isClusterError, isManagementError } from '../errors.ts'
export { type Broker, type BrokerNode, brokerOf, type FeatureFlag } from './broker.ts'
export { type Capabilities, capabilitiesOf } from './capabilities.ts'
export {
  ManagementClient,
  type ManagementMethod,
  type ManagementOptions,
  type ObservedRequest,
  type RequestOptions,
} from './client.ts'
export type { ManagementCredentials } from './endpoints.ts'
export { listAll, listPages, type PageOptions } from './pages.ts'
export { api, type ApiPath, rawPath, withQuery } from './path.ts'
export type { ManagementTls } from './transport.ts'
export { isAtLeast } from './version.ts'
