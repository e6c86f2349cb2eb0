/**
 * What has to be waited for only sometimes, and what follows it: at once where it can. A message whose
 * handler makes no pause would else wait for seven promises (measured: 0.05 us each in a tight loop, more elsewhere).
 *
 * Only a `Promise` is waited for: what is merely thenable, as the answer of an RPC stub, has to be made one first.
 */
export type Awaitable<Result> = Result | Promise<Result>;

export function andThen<Value, Result>(
	value: Awaitable<Value>,
	next: (value: Value) => Awaitable<Result>,
): Awaitable<Result> {
	return value instanceof Promise ? value.then(next) : next(value);
}

/** All of them, in their order. */
export function all<Result>(
	values: readonly Awaitable<Result>[],
): Awaitable<Result[]> {
	return values.some((value) => value instanceof Promise)
		? Promise.all(values)
		: (values as Result[]);
}

/** What it throws at once and what it rejects with later come to the same. */
export function recovering<Result>(
	begin: () => Awaitable<Result>,
	recover: (error: unknown) => Result,
): Awaitable<Result> {
	try {
		const value = begin();
		return value instanceof Promise ? value.catch(recover) : value;
	} catch (error) {
		return recover(error);
	}
}

/** However it ends, `end` is called after it. */
export function ending<Result>(
	begin: () => Awaitable<Result>,
	end: () => void,
): Awaitable<Result> {
	let isUnderWay = false;
	try {
		const value = begin();
		isUnderWay = value instanceof Promise;
		return value instanceof Promise ? value.finally(end) : value;
	} finally {
		if (!isUnderWay) end();
	}
}

/** One after the other, in their order. */
export function oneByOne<Item>(
	items: readonly Item[],
	act: (item: Item, index: number) => Awaitable<void>,
): Awaitable<void> {
	for (let index = 0; index < items.length; index++) {
		const acting = act(items[index] as Item, index);
		if (acting instanceof Promise) return rest(acting, items, index + 1, act);
	}
}

async function rest<Item>(
	acting: Promise<void>,
	items: readonly Item[],
	from: number,
	act: (item: Item, index: number) => Awaitable<void>,
): Promise<void> {
	await acting;
	for (let index = from; index < items.length; index++)
		await act(items[index] as Item, index);
}
