/** Measures one dimension size by size, and shows whether each time and count is flat. */

import { table } from "../cost/table.ts";
import { median } from "../speed/figures.ts";
import type { Dimension, Measurement } from "./dimensions.ts";
import type { Running } from "./runtime.ts";

/** For one event, call or delivery. */
export interface Sample {
	size: number;
	/** Median of the rounds, in milliseconds. */
	ms: number;
	queueOperations: number;
	objectRequests: number;
	rowsRead: number;
	rowsWritten: number;
}

export interface Growth {
	name: string;
	/** One for each size. */
	samples: Sample[];
}

export async function growthIn(
	{ sizes, grow, measurements }: Dimension,
	running: Running,
	rounds: number,
): Promise<Growth[]> {
	const all = new Map<string, Sample[]>();
	let before = 0;
	for (const size of sizes) {
		await grow(running, before, size);
		before = size;
		for (const one of measurements(size)) {
			const samples = all.get(one.name) ?? [];
			samples.push(await sample(one, size, running, rounds));
			all.set(one.name, samples);
		}
	}
	return [...all].map(([name, samples]) => ({ name, samples }));
}

async function sample(
	{ action, input, count, before = [] }: Measurement,
	size: number,
	{ perform }: Running,
	rounds: number,
): Promise<Sample> {
	const times: number[] = [];
	let last: Omit<Sample, "ms"> | undefined;
	for (let round = 0; round < rounds; round++) {
		for (const [action, input] of before) await perform(action, input);
		const { ms, counts } = await perform(action, input);
		times.push(ms / count);
		last = {
			size,
			queueOperations: (counts.writes + counts.reads + counts.deletes) / count,
			objectRequests: counts.objectRequests / count,
			rowsRead: counts.rowsRead / count,
			rowsWritten: counts.rowsWritten / count,
		};
	}
	return { ...(last as Omit<Sample, "ms">), ms: median(times) };
}

const COUNTS = [
	"queueOperations",
	"objectRequests",
	"rowsRead",
	"rowsWritten",
] as const;

/** A time that grows by less than this factor counts as flat, because other load on the machine varies as much. */
const NOISE = 2;

/** Returns the table of one dimension: the time at each size, and the counts. Equal counts are shown once. */
export function tableOf(dimension: Dimension, growths: Growth[]): string {
	const head = [
		"milliseconds each",
		...dimension.sizes.map((size) => `${size} ${dimension.unit}`),
		"time",
		"queue operations",
		"object requests",
		"rows read",
		"rows written",
	];
	return table([head, ...growths.map(rowOf)]);
}

function rowOf({ name, samples }: Growth): string[] {
	const times = samples.map(({ ms }) => ms);
	const growth = (times.at(-1) ?? 0) / (times[0] ?? 1);
	return [
		name,
		...times.map((ms) => ms.toPrecision(3)),
		growth < NOISE ? "flat" : `× ${growth.toFixed(1)}`,
		...COUNTS.map((name) => countsOf(samples.map((one) => one[name]))),
	];
}

/** One number if the counts are equal. */
function countsOf(counts: number[]): string {
	const texts = counts.map((count) => String(Number(count.toFixed(3))));
	return new Set(texts).size === 1 ? (texts[0] ?? "") : texts.join(" → ");
}
