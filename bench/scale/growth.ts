/** Looks at one dimension size by size, and tells of each thing whether it is flat. */
import { table } from "../cost/table.ts";
import type { Dimension } from "./dimensions.ts";
import type { Running } from "./runtime.ts";

/** Each for one event, call or delivery. */
export interface Sample {
	size: number;
	/** The median of the rounds, in milliseconds. */
	ms: number;
	queueOperations: number;
	objectRequests: number;
	rowsRead: number;
	rowsWritten: number;
}

export interface Growth {
	what: string;
	samples: Sample[];
}

export async function growthIn(
	{ sizes, grow, looks }: Dimension,
	running: Running,
	rounds: number,
): Promise<Growth[]> {
	const all = new Map<string, Sample[]>();
	let before = 0;
	for (const size of sizes) {
		await grow(running, before, size);
		before = size;
		for (const look of looks(size)) {
			const samples = all.get(look.what) ?? [];
			all.set(look.what, [
				...samples,
				await sample(look, size, running, rounds),
			]);
		}
	}
	return [...all].map(([what, samples]) => ({ what, samples }));
}

async function sample(
	{ act, input, count, before = [] }: ReturnType<Dimension["looks"]>[number],
	size: number,
	{ perform }: Running,
	rounds: number,
): Promise<Sample> {
	const times: number[] = [];
	let last: Sample | undefined;
	for (let round = 0; round < rounds; round++) {
		for (const [act, input] of before) await perform(act, input);
		const { ms, counts } = await perform(act, input);
		times.push(ms / count);
		last = {
			size,
			ms: 0,
			queueOperations: (counts.writes + counts.reads + counts.deletes) / count,
			objectRequests: counts.objectRequests / count,
			rowsRead: counts.rowsRead / count,
			rowsWritten: counts.rowsWritten / count,
		};
	}
	const median = times.sort((a, b) => a - b)[Math.floor(rounds / 2)] as number;
	return { ...(last as Sample), ms: median };
}

const COUNTS = [
	"queueOperations",
	"objectRequests",
	"rowsRead",
	"rowsWritten",
] as const;

/** Times vary by nearly so much on a machine that does other things too: what grows less counts as flat. */
const NOISE = 2;

/** A table of one dimension: times by size, whether they grow, and counts, all of them where they differ. */
export function tableOf(dimension: Dimension, growths: Growth[]): string {
	const head = [
		"milliseconds each",
		...dimension.sizes.map((size) => `${size} ${dimension.unit}`),
		...["time", "queue operations", "object requests"],
		...["rows read", "rows written"],
	];
	return table([head, ...growths.map(rowOf)]);
}

function rowOf({ what, samples }: Growth): string[] {
	const times = samples.map(({ ms }) => ms);
	const growth = (times.at(-1) ?? 0) / (times[0] ?? 1);
	return [
		what,
		...times.map((ms) => ms.toPrecision(3)),
		growth < NOISE ? "flat" : `× ${growth.toFixed(1)}`,
		...COUNTS.map((name) => countsOf(samples.map((one) => one[name]))),
	];
}

/** One number where it is flat. */
function countsOf(counts: number[]): string {
	const texts = counts.map((count) => String(Number(count.toFixed(3))));
	return new Set(texts).size === 1 ? (texts[0] ?? "") : texts.join(" → ");
}
