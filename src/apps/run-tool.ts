/** Runs a tool of an app, or a part of an event's lifecycle, at once and once: no queue, no retry. */

import { callOne } from "../consume/call-worker.ts";
import { ToolFailedError, UnavailableError } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import type { AttemptOutcome } from "../event/outcome.ts";
import { failed } from "../handlers/attempt.ts";
import { qualifiedId } from "../handlers/route.ts";
import { type AppIdentity, partId, type ToolBody, toolId } from "./app-host.ts";
import {
	type AppEventName,
	appEventName,
	parseAppEventName,
} from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { checkTool, findApp } from "./directory.ts";
import { appHost } from "./owner-host.ts";
import { verifyTokens } from "./tokens/tokens.ts";

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
	ports: AppPorts,
): Promise<unknown> {
	// Before all else: whoever has no valid token learns of no app and no tool.
	await verifyTokens(tokens, ports.issuers, ports);
	const { declaration } = await findApp(app, ports);
	checkTool(declaration, tool);
	const body: ToolBody = { input: JSON.parse(bodyText(input)) };
	const identity = { app, tokens };
	const outcome = await runOnce(identity, toolId(app, tool), body, true, ports);
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
		case "unknown_handler":
			throw new UnavailableError(
				`the Worker of ${app} has no ${tool} now; try again`,
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
	ports: AppPorts,
): Promise<AttemptOutcome> {
	const { app, event } = parseAppEventName(eventName) as AppEventName;
	const identity = { app, event, isStart: part === "start" };
	const id = partId(app, event, part);
	return runOnce(identity, id, { webhookUrl }, false, ports).catch(failed);
}

async function runOnce(
	identity: AppIdentity,
	id: string,
	body: object,
	hasOutput: boolean,
	ports: AppPorts,
): Promise<AttemptOutcome> {
	const { worker } = (await findApp(identity.app, ports)).appWorker;
	const route = (await worker.routes())?.get(qualifiedId(worker.key, id));
	if (!route)
		throw new UnavailableError(
			`the Worker of ${identity.app} does not list ${id} now; try again`,
		);
	const time = ports.clock();
	const name = appEventName(identity.app, identity.event ?? "tool");
	const head = { id: ports.newId(time), name, time, delay: 0 };
	const { handler, timeout } = route;
	const call = { delivery: route.id, handler, timeout, attempt: 1, hasOutput };
	const record = JSON.stringify({ ...head, body });
	return callOne(worker, call, record, appHost(identity, ports));
}
