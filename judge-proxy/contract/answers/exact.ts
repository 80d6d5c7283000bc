/** Schemas that say exactly what a type says: neither more, nor less, nor something else. Compared by the compiler. */

import { z } from 'zod';

/** A type without its names: intersections are one object, everything is readonly. */
type Plain<T> = unknown extends T
  ? unknown
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Plain<Item>[]
      : { readonly [Key in keyof T]: Plain<T[Key]> };

/** Identical, not only assignable: an optional key that one side lacks is a difference. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;

interface Differs<Type, Schema> {
  readonly 'the schema differs from its type': { readonly type: Type; readonly schema: Schema };
}

type Checked<Type, Schema extends z.ZodType> =
  Same<Plain<Type>, Plain<z.output<Schema>>> extends true ? unknown : Differs<Type, z.output<Schema>>;

/**
 * `exactly<Type>()(schema)`: the schema, which does not compile unless it says what the type says.
 * In two calls, because TypeScript infers all type arguments or none.
 */
export function exactly<Type>() {
  return <Schema extends z.ZodType>(schema: Schema & Checked<Type, Schema>): z.ZodType<Type> =>
    schema as unknown as z.ZodType<Type>;
}

/** Our lists are readonly to TypeScript and are not frozen at run time. */
export function list<Schema extends z.ZodType>(item: Schema): z.ZodType<readonly z.output<Schema>[]> {
  return z.array(item);
}

/** One page of a listing: `Page` of the read model. */
export function pageOf<Schema extends z.ZodType>(item: Schema) {
  return z.strictObject({ items: list(item), next: z.string().nullable() });
}
