/** What the shop sells from its first day: enough that customers rarely want the same thing at the same moment. */
export const assortment: readonly { readonly productId: string; readonly name: string; readonly priceCents: number }[] =
  ['Kettle', 'Lamp', 'Chair', 'Desk', 'Shelf', 'Rug', 'Clock', 'Mirror', 'Vase', 'Stool', 'Mug', 'Tray'].flatMap(
    (name, index) =>
      ['S', 'L'].map((size, offset) => ({
        productId: `${name.toLowerCase()}-${size.toLowerCase()}`,
        name: `${name} ${size}`,
        priceCents: 990 + index * 700 + offset * 500,
      })),
  )
