/** The idempotency keys as a port: a batch makes one call for the keys of each object. */
import pMap from "p-map";
import { CALL_CONCURRENCY } from "../event/limits.ts";
import type { KeyStore } from "../ports.ts";
import { objectPort } from "./bindings.ts";

/** Objects that share the keys. A key is a digest, so its first digits spread it evenly. */
const KEY_OBJECTS = 8;

type NewKey = Parameters<KeyStore["reserve"]>[0][number];
type Answer = Awaited<ReturnType<KeyStore["reserve"]>>[number];

export function boundKeys(): KeyStore {
	return {
		async reserve(keys) {
			const answers = new Map<NewKey, Answer>();
			await eachObject(keys, async (object, group) => {
				try {
					const answered = await object.reserve(group);
					for (const [index, key] of group.entries())
						answers.set(key, answered[index] as Answer);
				} catch (error) {
					for (const key of group) answers.set(key, { type: "failed", error });
				}
			});
			return keys.map((key) => answers.get(key) as Answer);
		},
		async confirm(published) {
			await eachObject(published, (object, group) => object.confirm(group));
		},
		async release(keys) {
			const group = keys.map((key) => ({ key }));
			await eachObject(group, (object, group) =>
				object.release(group.map(({ key }) => key)),
			);
		},
	};
}

async function eachObject<Item extends { key: string }>(
	items: readonly Item[],
	call: (object: KeyStore, group: Item[]) => Promise<void>,
): Promise<void> {
	const groups = Map.groupBy(
		items,
		({ key }) => Number.parseInt(key.slice(0, 2), 16) % KEY_OBJECTS,
	);
	const callOne = async ([number, group]: [number, Item[]]) => {
		const object = objectPort<KeyStore>("Keys", `keys-${number}`, [
			"reserve",
			"confirm",
			"release",
		] as const);
		await call(object, group);
	};
	// An object that does not answer must not keep the others from being called.
	await pMap(groups, callOne, {
		concurrency: CALL_CONCURRENCY,
		stopOnError: false,
	});
}
