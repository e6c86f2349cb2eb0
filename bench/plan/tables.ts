/** The tables of docs/scale.md, from 10 to 1 000 000 events a second. */
import {
	BATCHED_LIMIT,
	hoursUntilFull,
	lettersFor,
	longestHandling,
	MEASURED,
	monthly,
	ownersFor,
	queuesFor,
	retriesQueuesFor,
	shardsFor,
	variableBytes,
} from "./plan.ts";

const RATES = [10, 100, 1_000, 10_000, 100_000, 1_000_000];

type Table = readonly string[][];

/** Digits in groups of three, as the documents have them. */
function grouped(value: number): string {
	return Math.round(value)
		.toString()
		.replace(/\B(?=(\d{3})+$)/g, " ");
}

/** A queue keeps a message for 14 days at the most, full or not. */
function duration(hours: number): string {
	if (hours > 14 * 24) return "never, 14 days are kept";
	return hours >= 48
		? `${(hours / 24).toFixed(1)} days`
		: `${hours.toFixed(1)} hours`;
}

export const QUEUES: Table = [
	[
		"events a second",
		"queues for events",
		"an event may take",
		"full without a consumer",
		"`TIDINGS_QUEUES`",
		"USD a month",
	],
	...RATES.map((rate) => {
		const queues = queuesFor(rate);
		return [
			grouped(rate),
			grouped(queues),
			`${longestHandling(rate, queues).toFixed(1)} s`,
			duration(hoursUntilFull(rate, queues)),
			`${grouped(variableBytes(queues))} bytes`,
			grouped(monthly(rate, MEASURED.publish)),
		];
	}),
];

export const RETRIES: Table = [
	["deliveries alone a second", "of 0.1 s", "of 1 s", "of 5 s"],
	...RATES.slice(0, -1).map((rate) => [
		grouped(rate),
		...[0.1, 1, 5].map((seconds) => grouped(retriesQueuesFor(rate, seconds))),
	]),
];

export const SHARDS: Table = [
	[
		"scheduled a second",
		"shards, one by one",
		"shards, a thousand a call",
		"shards, to wait an hour",
		"shards, to wait a day",
		"USD a month",
	],
	...RATES.map((rate) => {
		const { oneByOne, inBatches, storage } = shardsFor(rate);
		const anHour = shardsFor(rate, 3_600).storage;
		return [
			grouped(rate),
			shards(oneByOne),
			shards(inBatches, rate / BATCHED_LIMIT),
			shards(anHour),
			shards(storage),
			grouped(monthly(rate, MEASURED.scheduled)),
		];
	}),
];

export const LETTERS: Table = [
	["kept for", "letters a second"],
	...[90, 30, 7, 1].map((days) => [
		days === 1 ? "1 day" : `${days} days`,
		lettersFor(days).toFixed(1),
	]),
];

/** With the deployments, where one is not enough. */
function shards(count: number, deployments = 1): string {
	const owners = Math.max(ownersFor(count), Math.ceil(deployments));
	return owners === 1
		? grouped(count)
		: `${grouped(count)} in ${grouped(owners)} deployments`;
}
