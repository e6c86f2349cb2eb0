/** Breaks of apps: nobody is reached who should not be, and nothing sent is lost on its way to subscribers. */
import type { Break } from "./break.ts";

export const APPS: readonly Break[] = [
	{
		why: "a pattern matches the events of apps",
		file: "src/contract/pattern-index.ts",
		from: "isOfApp(name) ? pattern === name : matches(pattern, name)",
		to: "matches(pattern, name)",
	},
	{
		why: "only the first page of subscribers is reached",
		file: "src/apps/fan-out.ts",
		from: "if (last && page.length === MATCHES)",
		to: "if (last && page.length > MATCHES)",
	},
	{
		why: "each page of subscribers is the first one",
		file: "src/apps/fan-out.ts",
		from: ".match(filter, after, MATCHES)",
		to: ".match(filter, 0 * after, MATCHES)",
	},
	{
		why: "what waits for a subscription that has ended is not cancelled",
		file: "src/apps/deliver-to-subscriber.ts",
		from: "	if (!found) {",
		to: "	if (found === undefined) {",
	},
	{
		why: "a tool gets the whole event in place of its payload",
		file: "src/apps/deliver-to-subscriber.ts",
		from: "input: body.payload,",
		to: "input: body,",
	},
	{
		why: "a tool whose Worker is silent is taken for one that is gone",
		file: "src/apps/deliver-to-subscriber.ts",
		from: 'return isSilent ? "silent" : "unknown";',
		to: 'return isSilent ? "unknown" : "unknown";',
	},
	{
		why: "a payload is sent that its schema refuses",
		file: "src/apps/send.ts",
		from: "	checkPayload(name, schema, payload);\n",
		to: "	void checkPayload;\n",
	},
	{
		why: "recipients that are undefined are everybody",
		file: "src/apps/send.ts",
		from: 'if ("toSubscribers" in sent && sent.toSubscribers === undefined)',
		to: 'if ("toSubscribers" in sent && sent.toSubscribers === null)',
	},
	{
		why: "an app may use a capability that it has not declared",
		file: "src/apps/capabilities.ts",
		from: "if (!declared.includes(capability))",
		to: "if (declared.includes(capability) && app === where)",
	},
	{
		why: "an app may use the storage of another that has not let it in",
		file: "src/apps/capabilities.ts",
		from: "if (grants.includes(app)) return;",
		to: "if (grants) return;",
	},
	{
		why: "a path leads out of an app's storage",
		file: "src/apps/storage.ts",
		from: 'part !== "" && part !== "." && part !== ".."',
		to: 'part !== ""',
	},
	{
		why: "a closed webhook takes calls",
		file: "src/apps/trigger.ts",
		from: 'if (state !== "open") return { type: state };',
		to: 'if (state === "unknown") return { type: state };',
	},
	{
		why: "a call is held that its app does not take for genuine",
		file: "src/apps/trigger.ts",
		from: 'if (received.type !== "accepted") return received;',
		to: 'if (received.type === "answered") return received;',
	},
	{
		why: "a call is told to be held before it is",
		file: "src/apps/trigger.ts",
		from: "	await trigger(eventName, comes, ports, id);\n",
		to: "	void trigger(eventName, comes, ports, id).catch(() => {});\n",
	},
	{
		why: "a sender's second delivery is another event",
		file: "src/apps/trigger.ts",
		from: "const newId = () => id ?? ports.newId(time);",
		to: "const newId = () => ports.newId(time) ?? id;",
	},
	{
		why: "a call of a webhook that comes again is of another time than its id tells",
		file: "src/apps/trigger.ts",
		from: "timeOf(id) ?? ports.clock()",
		to: "ports.clock()",
	},
	{
		why: "a user ends the subscription of everybody to a public event",
		file: "src/apps/subscribe.ts",
		from: 'if (caller.isUser && fields.length === 0)\n		throw sharedByAll(caller, name, "end");',
		to: "",
	},
	{
		why: "a user sees the subscriptions of others",
		file: "src/apps/subscribe.ts",
		from: "return keeper.list({ ...query, ...(key && { key }) });",
		to: "return keeper.list({ ...query, ...(key && key.length < 0 && { key }) });",
	},
	{
		why: "a caller that is no app subscribes in the name of one",
		file: "src/entrypoints/rpc.ts",
		from: "if (isAppName(app)) return",
		to: "if (app) return",
	},
];
