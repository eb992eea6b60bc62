import { crmService } from './crm/service.ts'
import { loyaltyService } from './loyalty/service.ts'
import { ordersService } from './orders/service.ts'
import { productsService } from './products/service.ts'
import { searchService } from './search/service.ts'
import type { MakeService } from './service.ts'
import { warehouseService } from './warehouse/service.ts'

/** Publishers first. */
export const services = {
  orders: ordersService,
  products: productsService,
  crm: crmService,
  warehouse: warehouseService,
  loyalty: loyaltyService,
  search: searchService,
} as const satisfies Record<string, MakeService>

export type ServiceName = keyof typeof services

export const serviceNames = Object.keys(services) as readonly ServiceName[]

export function isServiceName(name: string | undefined): name is ServiceName {
  return name !== undefined && Object.hasOwn(services, name)
}
