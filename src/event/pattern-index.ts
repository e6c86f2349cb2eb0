/** What patterns lead to, found by a name without asking each of them: only those whose beginning is the name's. */
import { isReservedName, matches } from "./name.ts";

export class PatternIndex<Target> {
	readonly #order: ReadonlyMap<Target, number>;
	/** By the segments of a pattern before its first `*`; a pattern without one is there under all of it. */
	readonly #byBeginning = new Map<string, [string, Target][]>();
	/** The segments of the longest beginning; a name may have any number. */
	#longest = 0;

	constructor(
		targets: readonly Target[],
		patternsOf: (target: Target) => readonly string[],
	) {
		this.#order = new Map(targets.map((target, place) => [target, place]));
		for (const target of targets)
			for (const pattern of patternsOf(target)) {
				const segments = beginningOf(pattern);
				const beginning = segments.join(".");
				this.#longest = Math.max(this.#longest, segments.length);
				const known = this.#byBeginning.get(beginning);
				if (known) known.push([pattern, target]);
				else this.#byBeginning.set(beginning, [[pattern, target]]);
			}
	}

	/** In the order in which they were given, each once. */
	find(name: string): Target[] {
		const found = beginningsOf(name, this.#longest).flatMap((beginning) =>
			(this.#byBeginning.get(beginning) ?? [])
				// The names of apps' events are theirs alone: no pattern reaches them.
				.filter(([pattern]) =>
					isReservedName(name) ? pattern === name : matches(pattern, name),
				)
				.map(([, target]) => target),
		);
		const placeOf = (target: Target) => this.#order.get(target) ?? 0;
		return [...new Set(found)].sort((a, b) => placeOf(a) - placeOf(b));
	}
}

function beginningOf(pattern: string): string[] {
	const segments = pattern.split(".");
	const stars = segments.findIndex((one) => one === "*" || one === "**");
	return stars < 0 ? segments : segments.slice(0, stars);
}

/** None of a name's segments, the first, the first two, and so on. */
function beginningsOf(name: string, longest: number): string[] {
	const segments = name.split(".", longest);
	return [0, ...segments.map((_, place) => place + 1)].map((count) =>
		segments.slice(0, count).join("."),
	);
}
