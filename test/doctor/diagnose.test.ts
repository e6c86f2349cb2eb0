/** What a running owner finds by itself. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createAdmin, type OperatorBinding } from "../../src/admin.ts";
import { diagnose } from "../../src/doctor/diagnose.ts";
import { OPTIONAL_OBJECTS, REQUIRED_OBJECTS } from "../../src/doctor/needs.ts";
import type { StoredDelivery } from "../../src/event/scheduled-row.ts";
import type { HandlerWorker } from "../../src/handlers/call.ts";
import * as objects from "../../src/objects.ts";
import type { Ports } from "../../src/ports.ts";
import { recordingPorts } from "../support/ports.ts";

const { OPERATOR } = env as unknown as { OPERATOR: OperatorBinding };

test("every object that the package exports is looked for", () => {
	const known = [...REQUIRED_OBJECTS, ...Object.keys(OPTIONAL_OBJECTS)];
	expect(known.sort()).toEqual(Object.keys(objects).sort());
});

test("an operator gets the findings and the Worker's time: this one has no keys, and else nothing", async () => {
	const { time, findings } = await createAdmin(OPERATOR).doctor();
	expect(Math.abs(Date.now() - time)).toBeLessThan(60_000);
	expect(findings).toEqual([
		{
			code: "api_keys_missing",
			severity: "error",
			problem: expect.stringContaining("401"),
			remedy: "npx wrangler secret put API_KEYS < api-keys.json",
		},
	]);
});

function waiting(handler: string, name = "order.paid"): StoredDelivery {
	return {
		id: "e1",
		handler,
		name,
		version: 2,
		dueAt: 1,
		time: 0,
		delay: 0,
		waiting: { state: "retrying", at: 1 },
	} as StoredDelivery;
}

function withDeliveries(found: StoredDelivery[]): Ports {
	const ports = recordingPorts();
	const listDeliveries = async () => ({ found });
	return { ...ports, scheduler: { ...ports.scheduler, listDeliveries } };
}

test("handlers that deliveries wait for and no Worker has are found once each; those of apps are not asked for", async () => {
	const ports = withDeliveries([
		waiting("renamed"),
		waiting("load"),
		waiting("renamed"),
		waiting("anything", "@acme/app/message_created"),
	]);
	expect(await codesOf(ports)).toContainEqual(
		expect.stringMatching(/^handler_missing: .*"renamed".* 2 of/),
	);
	expect(await codesOf(ports)).toHaveLength(2);
});

test("a delivery that waits for all handlers of a Worker is not called missing", async () => {
	const ports = withDeliveries([waiting("mail/*")]);
	const mail = {
		key: "mail",
		routes: async () => ({ get: () => undefined }),
		isReachable: async () => true,
	} as unknown as HandlerWorker;
	const workers = { ...ports.workers, all: [mail], forHandler: () => mail };
	expect(await codesOf({ ...ports, workers })).toEqual([
		expect.stringMatching(/^api_keys/),
	]);
});

test("a Worker that does not respond is found, and its handlers are not called missing", async () => {
	const ports = withDeliveries([waiting("mail/receipt")]);
	const mail: HandlerWorker = {
		key: "mail",
		routes: async () => undefined,
		run: async () => {},
		isReachable: async () => false,
	};
	const workers = { ...ports.workers, all: [mail], forHandler: () => mail };
	expect(await codesOf({ ...ports, workers })).toEqual([
		expect.stringMatching(/^api_keys/),
		expect.stringMatching(/^worker_unreachable: .*mail/),
	]);
});

test("a check that fails is a finding, and the others go on", async () => {
	const ports = withDeliveries([]);
	const scheduler = {
		...ports.scheduler,
		listDeliveries: async () => {
			throw new Error("the shard is down");
		},
	};
	expect(await codesOf({ ...ports, scheduler })).toEqual([
		expect.stringMatching(/^api_keys/),
		"check_failed: a check failed: the shard is down",
	]);
});

async function codesOf(ports: Ports): Promise<string[]> {
	const found = await diagnose(ports);
	return found.map(({ code, problem }) => `${code}: ${problem}`);
}
