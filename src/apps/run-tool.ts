/** Runs a tool of an app, or start or stop of an event, immediately and once. It uses no queue and retries nothing. */
import { callOne } from "../consume/call-worker.ts";
import { ToolFailedError, UnavailableError } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { type AttemptOutcome, timeoutText } from "../event/outcome.ts";
import { failed } from "../handlers/attempt.ts";
import { qualifiedId } from "../handlers/route.ts";
import { log } from "../platform/log.ts";
import type { ToolBody } from "./app-event-body.ts";
import type { AppIdentity } from "./app-host.ts";
import { appEventName, parseAppEventName } from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { createAppHost } from "./create-app-host.ts";
import { partId, toolId } from "./delivery-ids.ts";
import { checkTool, findApp } from "./directory.ts";
import { verifyTokens } from "./tokens/tokens.ts";

/**
 * Runs a tool on behalf of the user whose tokens are given. Returns the tool's result as JSON. An absent input is null,
 * as an absent body of an event. The log gets what the tool threw, because not every caller may see it.
 *
 * @throws RefusedError `unknown_app`, `unknown_tool` or `invalid_token`; ToolFailedError if the tool failed;
 * UnavailableError if its Worker does not respond
 */
export async function runTool(
	app: string,
	tool: string,
	input: unknown,
	tokens: readonly string[],
	ports: AppPorts,
): Promise<unknown> {
	// First, so that a caller without a valid token cannot find out which apps and tools exist.
	await verifyTokens(tokens, ports.issuers, ports);
	const { declaration } = await findApp(app, ports);
	checkTool(declaration, tool);
	const given = input === undefined ? null : input;
	const body: ToolBody = { input: JSON.parse(bodyText(given, "input")) };
	const identity = { app, tokens };
	const outcome = await runOnce(identity, toolId(app, tool), body, true, ports);
	switch (outcome.type) {
		case "delivered":
			return JSON.parse(outcome.output ?? "null");
		case "timed_out":
			throw new ToolFailedError(
				`${app} ${tool} did not end ${timeoutText(outcome)}`,
			);
		case "unparsable":
			throw new ToolFailedError(`${app} ${tool} cannot parse its input`);
		case "unknown_handler":
			throw new UnavailableError(
				`the Worker of ${app} does not list ${tool} now; try again`,
			);
		case "crashed":
			throw new UnavailableError(
				`the Worker of ${app} did not respond; try again`,
			);
		case "failed":
			log("tool_failed", { app, tool, error: outcome.error });
			throw new ToolFailedError(
				`${app} ${tool} failed: ${outcome.error.name}: ${outcome.error.message}`,
			);
	}
}

/** Runs start or stop of an event. An attempt that could not begin counts as failed, not as crashed. */
export async function runPart(
	eventName: string,
	part: "start" | "stop",
	webhookUrl: string,
	ports: AppPorts,
): Promise<AttemptOutcome> {
	const { app = "", event = "" } = parseAppEventName(eventName) ?? {};
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
	const deliveryHandler = route.id;
	const call = { deliveryHandler, handler, timeout, attempt: 1, hasOutput };
	const record = JSON.stringify({ ...head, body });
	return callOne(head, worker, call, record, createAppHost(identity, ports));
}
