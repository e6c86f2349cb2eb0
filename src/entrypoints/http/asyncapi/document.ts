/** Describes events in AsyncAPI 3.0, from their definitions. Pure. */
import type { Definition } from "../../../event/definition.ts";
import { matches } from "../../../event/name.ts";
import { jsonSchemaOf } from "../../../handlers/listing.ts";
import type { Route } from "../../../handlers/route.ts";

/**
 * Returns a channel with one message for each definition. A `send` operation publishes its event.
 *
 * @param url of the Worker, with its prefix
 * @param routes of handlers, each of which becomes a `receive` operation for each of its events
 */
export function describeEvents(
	definitions: readonly Definition[],
	url: URL,
	routes: readonly Route[],
) {
	const operations = definitions.flatMap(({ name }) => [
		[`send.${name}`, operationOf("send", name)] as const,
		...routes
			.filter(({ patterns }) => patterns.some((one) => matches(one, name)))
			.map(({ id }) => {
				const operation = { ...operationOf("receive", name), title: id };
				return [`receive.${name}.${id}`, operation] as const;
			}),
	]);
	return {
		asyncapi: "3.0.0",
		info: {
			title: url.host,
			version: "1",
			description: "Events that Tidings publishes and delivers.",
		},
		defaultContentType: "application/json",
		servers: {
			tidings: {
				host: url.host,
				...(url.pathname !== "/" && { pathname: url.pathname }),
				protocol: url.protocol.slice(0, -1),
				description: "POST /v1/events publishes an event by its name.",
				security: [{ $ref: "#/components/securitySchemes/key" }],
			},
		},
		channels: Object.fromEntries(
			definitions.map(({ name, schema }) => [
				name,
				{ address: name, messages: { [name]: messageOf(name, schema) } },
			]),
		),
		operations: Object.fromEntries(operations),
		components: {
			securitySchemes: {
				key: { type: "http", scheme: "bearer", description: "An API key" },
			},
		},
	};
}

/** The payload is the body as it is published. EventCatalog reads the extension. */
function messageOf(name: string, schema: Definition["schema"]) {
	const payload = jsonSchemaOf(schema, "draft-07");
	return {
		name,
		contentType: "application/json",
		...(payload && { payload }),
		"x-eventcatalog-message-type": "event",
	};
}

function operationOf(action: "send" | "receive", name: string) {
	const channel = `#/channels/${name}`;
	return {
		action,
		channel: { $ref: channel },
		messages: [{ $ref: `${channel}/messages/${name}` }],
	};
}
