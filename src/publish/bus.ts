/** The bus of a Worker that does not own the events: it publishes through a service binding. */
import { checkBody } from "../event/definition.ts";
import { atIndex } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { checkName } from "../event/name.ts";
import type { Ports } from "../ports.ts";
import type { PublishRequest } from "./request.ts";
import {
	type Bus,
	callOwner,
	checkedTransport,
	overBinding,
	type PublisherBinding,
	withRevivedErrors,
} from "./transport.ts";

/** Checks schemas and a strict list here, because only this Worker may know them. The owner checks everything else. */
export function bindingBus(
	owner: PublisherBinding,
	{ definitionOf, checkListed }: Pick<Ports, "definitionOf" | "checkListed">,
): Bus {
	const transport = checkedTransport(overBinding(owner));
	return {
		...transport,
		runTool: (app, tool, input, tokens) =>
			withRevivedErrors(async () => {
				const plain = JSON.parse(bodyText(input, "input"));
				return callOwner(owner, "runTool", app, tool, plain, { tokens });
			}),
		async publish(request) {
			await check(request);
			return transport.publish(request);
		},
		async publishBatch(requests) {
			for (const [index, request] of requests.entries())
				await check(request).catch((error) => {
					throw atIndex(error, index);
				});
			return transport.publishBatch(requests);
		},
	};

	async function check({ name, body, definition }: PublishRequest) {
		checkName(name);
		checkListed(name);
		const schema = (definition ?? definitionOf(name))?.schema;
		if (schema) await checkBody(name, schema, JSON.parse(bodyText(body)));
	}
}
