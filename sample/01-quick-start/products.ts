export interface Product {
  readonly id: string;
  readonly name: string;
  readonly priceInCents: number;
}

export const PRODUCTS: readonly Product[] = [
  { id: 'tea', name: 'Green tea', priceInCents: 690 },
  { id: 'cup', name: 'Stoneware cup', priceInCents: 1450 },
  { id: 'pot', name: 'Cast-iron pot', priceInCents: 5900 },
];

export function findProduct(id: unknown): Product | undefined {
  return PRODUCTS.find((product) => product.id === id);
}
