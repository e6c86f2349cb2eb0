/** Four real Workers: the owner, a publisher, and two with handlers. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";

const [OLD, NEW] = ["old-".repeat(8), "new-".repeat(8)];

const harness = createTestHarness({
	root: new URL("../support/shop-of-four", import.meta.url).pathname,
	workers: ["owner", "publisher", "mail", "stock"].map((name) => ({
		configPath: `${name}.toml`,
		// The secret is being rotated. The other two Workers have none.
		secrets: {
			...(name === "owner" && { TIDINGS_CALL_SECRET: `${NEW},${OLD}` }),
			...(name === "stock" && { TIDINGS_CALL_SECRET: `${OLD},${NEW}` }),
		},
	})),
});

beforeAll(async () => {
	await harness.listen();
});
afterAll(() => harness.close());

const WAIT = { timeout: 60_000, interval: 100 };

async function publish(name: string, from: number, count: number) {
	const response = await harness.getWorker("four-publisher").fetch("/", {
		method: "POST",
		body: JSON.stringify({ name, from, count }),
	});
	expect(response.status).toBe(200);
	return (await response.json()) as string[];
}

async function deployMail(as: "first" | "second" | "none") {
	await harness.getWorker("four-mail").fetch(`/?as=${as}`);
}

async function setClock(offset: number) {
	await harness.getWorker("four-owner").fetch(`/clock?offset=${offset}`);
}

type Ends = Record<string, Record<string, string[]>>;

/** The ends of the events' deliveries. Each event must have exactly these handlers. */
async function ended(ids: readonly string[], handlers: readonly string[]) {
	const wanted = [...handlers].sort();
	let ends: Ends = {};
	await vi.waitFor(async () => {
		const owner = harness.getWorker("four-owner");
		ends = (await (await owner.fetch("/ends")).json()) as Ends;
		const open = ids.filter(
			(id) => Object.keys(ends[id] ?? {}).length < wanted.length,
		);
		expect(open).toEqual([]);
	}, WAIT);
	for (const id of ids)
		expect(Object.keys(ends[id] ?? {}).sort()).toEqual(wanted);
	return ids.map((id) => ends[id] ?? {});
}

const FIRST = [
	"own",
	"mail/send",
	"mail/archive",
	"stock/reserve",
	"count-stock",
];

test("thousands of events reach every handler of every Worker, and each delivery ends once", async () => {
	const ids: string[] = [];
	for (let from = 0; from < 2_000; from += 100)
		ids.push(...(await publish("order.placed", from, 100)));
	const ends = await ended(ids, FIRST);
	const dead = {
		1: "dead: exhausted, EmptyError: nothing left",
		3: "dead: non_retryable, NonRetryableError: never sold",
		5: "dead: exhausted, string: a text",
		6: "dead: exhausted, TimeoutError: the handler did not end within 100 ms",
	} as Record<number, string>;
	for (const [n, handlers] of ends.entries())
		expect(handlers).toEqual({
			...Object.fromEntries(FIRST.map((handler) => [handler, ["delivered"]])),
			"stock/reserve": [dead[n % 100] ?? "delivered"],
		});
});

test("a Worker that is down delays only its own deliveries, and loses none", async () => {
	await deployMail("none");
	// A wait of a minute for the Worker ends in five seconds.
	await setClock(-55_000);
	const ids = await publish("order.placed", 10, 50);
	await ended(ids, ["own", "stock/reserve", "count-stock"]);
	await deployMail("first");
	// The ten seconds after a failed request are over.
	await setClock(-44_000);
	const ends = await ended(ids, FIRST);
	for (const handlers of ends)
		for (const end of Object.values(handlers))
			expect(end).toEqual(["delivered"]);
	await setClock(0);
});

test("a redeployed Worker's new handler is found within a minute, and its removed one is not called any more", async () => {
	await ended(await publish("order.paid", 10, 1), ["mail/archive"]);
	await deployMail("second");
	// After a minute the list of its handlers is requested again.
	await setClock(61_000);
	await ended(await publish("order.paid", 10, 20), ["mail/thank"]);
	const ids = await publish("order.placed", 10, 20);
	await ended(ids, ["own", "mail/send", "stock/reserve", "count-stock"]);
});

test("a publisher with props cannot publish other names, with any method", async () => {
	const response = await harness
		.getWorker("four-publisher")
		.fetch("/forbidden");
	expect(await response.json()).toEqual(Array(5).fill("forbidden"));
});

test("a Worker with a secret of calls runs nothing for another Worker that binds it", async () => {
	const response = await harness.getWorker("four-publisher").fetch("/forge");
	const refusal = expect.stringMatching(
		/^the call of \w+ (is not|has a wrong)/,
	);
	expect(await response.json()).toEqual(Array(5).fill(refusal));
	// A Worker without the secret accepts any Worker of the account.
	const open = await harness
		.getWorker("four-publisher")
		.fetch("/forge?at=MAIL");
	expect(await open.json()).toEqual([
		...Array(3).fill("accepted"),
		"tidings: this Worker has no app @a/b",
		"accepted",
	]);
});
