/** Runs a tool of an app, or a part of an event's lifecycle, at once and once: no queue, no retry. */

import type { Issuers } from "../config/config.ts";
import { runAlone } from "../consume/deliver.ts";
import { ToolFailedError, UnavailableError } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { failed, type Outcome } from "../event/outcome.ts";
import type { HandlerWorkers } from "../handlers/call.ts";
import { qualifiedId } from "../handlers/route.ts";
import { type AppIdentity, partId, type ToolBody, toolId } from "./app-host.ts";
import {
	type AppEventName,
	appEventName,
	parseAppEventName,
} from "./app-name.ts";
import { checkTool, findApp } from "./directory.ts";
import { verifyTokens } from "./tokens/tokens.ts";

export interface RunningAtOnce {
	consumers: HandlerWorkers;
	issuers: Issuers;
	newId(time: number): string;
	clock(): number;
}

/**
 * Runs a tool on behalf of the user whose tokens these are.
 *
 * @returns what it returned, as JSON
 * @throws RefusedError for an unknown app or tool, and tokens that are not valid; ToolFailedError when it failed;
 * UnavailableError when its Worker cannot be reached
 */
export async function runTool(
	app: string,
	tool: string,
	input: unknown,
	tokens: readonly string[],
	ports: RunningAtOnce,
): Promise<unknown> {
	// Before all else: whoever has no valid token learns of no app and no tool.
	await verifyTokens(tokens, ports.issuers, ports);
	const { declaration } = await findApp(app, ports);
	checkTool(declaration, tool);
	const body: ToolBody = { input: JSON.parse(bodyText(input)) };
	const inName = { app, tokens };
	const outcome = await runOnce(inName, toolId(app, tool), body, true, ports);
	switch (outcome.type) {
		case "delivered":
			return JSON.parse(outcome.output ?? "null");
		case "timed_out":
			throw new ToolFailedError(
				`${app} ${tool} did not end within ${outcome.timeout} ms`,
			);
		case "unparsable":
			throw new ToolFailedError(
				`${app} ${tool} was given what it cannot parse`,
			);
		case "crashed":
			throw new UnavailableError(
				`the Worker of ${app} did not answer: ${outcome.error.message}`,
			);
		case "failed":
			throw new ToolFailedError(
				`${app} ${tool} failed: ${outcome.error.name}: ${outcome.error.message}`,
			);
	}
}

/** Runs `start` or `stop` of an event. What kept it from beginning is a failure, after which it may begin at once. */
export async function runPart(
	eventName: string,
	part: "start" | "stop",
	webhookUrl: string,
	ports: RunningAtOnce,
): Promise<Outcome> {
	const { app, event } = parseAppEventName(eventName) as AppEventName;
	const inName = { app, event, isStart: part === "start" };
	const id = partId(app, event, part);
	return runOnce(inName, id, { webhookUrl }, false, ports).catch(failed);
}

async function runOnce(
	inName: AppIdentity,
	id: string,
	body: object,
	hasOutput: boolean,
	ports: RunningAtOnce,
): Promise<Outcome> {
	const { consumer } = await findApp(inName.app, ports);
	const routes = await consumer.routes();
	const route = routes?.get(qualifiedId(consumer.key, id));
	if (!route)
		throw new UnavailableError(
			`the Worker of ${inName.app} has not told of ${id}: try again`,
		);
	const time = ports.clock();
	const name = appEventName(inName.app, inName.event ?? "tool");
	const head = { id: ports.newId(time), name, time, delay: 0 };
	const outcome = await runAlone(
		{ consumer, route, inName },
		{ handler: route.id, attempt: 1 },
		JSON.stringify({ ...head, body }),
		hasOutput,
	);
	if (outcome.type === "unknown")
		throw new UnavailableError(
			`the Worker of ${inName.app} has no ${id} now: try again`,
		);
	return outcome;
}
