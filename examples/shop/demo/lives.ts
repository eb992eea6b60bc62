import { assortment } from '../services/assortment.ts'
import type { NewOrder } from '../services/orders/orders.ts'

export type Step = 'pay' | 'deliver' | 'cancel'

/** What will happen to one order, and to a product meanwhile. */
export interface Life {
  readonly orderId: string
  readonly order: NewOrder
  readonly steps: readonly Step[]
  readonly productChange: ProductChange | null
}

export interface ProductChange {
  readonly productId: string
  readonly kind: 'price' | 'attributes'
  readonly body: { readonly changeId: string } & Readonly<Record<string, string | number>>
}

const CUSTOMERS = 200
const colors = ['white', 'black', 'red', 'green', 'blue', 'oak'] as const

/** Every fourth order is a VIP's, every eighth is cancelled, some stay unpaid; every third comes with a product change. */
export function lifeOf(index: number, random: () => number): Life {
  const product = assortment[Math.floor(random() * assortment.length)] ?? { productId: 'lamp-s', priceCents: 1_690 }
  return {
    orderId: `order-${String(index + 1).padStart(6, '0')}`,
    order: {
      customerId: `customer-${Math.floor(random() * CUSTOMERS)}`,
      kind: random() < 0.25 ? 'vip' : 'normal',
      productId: product.productId,
      quantity: 1 + Math.floor(random() * 4),
      unitPriceCents: product.priceCents,
    },
    steps: stepsOf(random()),
    productChange: random() < 1 / 3 ? productChangeOf(index, random) : null,
  }
}

function stepsOf(random: number): readonly Step[] {
  if (random < 0.78) return ['pay', 'deliver']
  if (random < 0.84) return ['cancel']
  if (random < 0.9) return ['pay', 'cancel']
  if (random < 0.96) return ['pay']
  return []
}

function productChangeOf(index: number, random: () => number): ProductChange {
  const { productId, name } = assortment[Math.floor(random() * assortment.length)] ?? {
    productId: 'lamp-s',
    name: 'Lamp S',
  }
  const changeId = `change-${index + 1}`
  if (random() < 0.6) {
    return { productId, kind: 'price', body: { changeId, priceCents: 500 + Math.floor(random() * 20_000) } }
  }
  const color = colors[Math.floor(random() * colors.length)] ?? 'white'
  return { productId, kind: 'attributes', body: { changeId, name, color } }
}
