/** Commands and code for copying, and what a page without events teaches. */
import type { PropsWithChildren } from "hono/jsx";
import { exampleOf } from "../handlers/example-body.ts";
import { jsonSchemaOf } from "../handlers/listing.ts";
import { Copyable, Empty } from "./components/list.tsx";
import { useView } from "./view.ts";

/** Shown in place of events: how to publish the first one, and how to handle it. */
export function FirstEvent({
	title,
	children,
}: PropsWithChildren<{ title: string }>) {
	const { api, base, caller } = useView();
	const listed = listedExample();
	const { name, body } = listed ?? {
		name: "order.placed",
		body: '{"total":42}',
	};
	return (
		<Empty title={title}>
			<p>{children}</p>
			<Copyable text={publishCommand(api, name, body)} />
			<KeyHint scope="publish">
				{caller && caller.publish.length > 0 && (
					<>
						{" "}
						Or <a href={`${base}/publish`}>publish an event on a page</a>.
					</>
				)}
			</KeyHint>
			<p>A handler receives it:</p>
			<Copyable text={listed ? handlerOf(name) : FIRST_HANDLER} />
		</Empty>
	);
}

/** Says where the key of a command comes from. */
export function KeyHint({
	scope,
	children,
}: PropsWithChildren<{ scope: "publish" | "admin" }>) {
	return (
		<p class="muted hint">
			<code>TIDINGS_KEY</code> is an API key with the scope <code>{scope}</code>
			, such as one from <code>npx tidings key shop {scope}</code>.{children}
		</p>
	);
}

export const FIRST_HANDLER = `events.on("order.placed", { id: "send-receipt" }, async ({ body }) => {
	await sendReceipt(body);
});`;

function handlerOf(name: string): string {
	return `events.on(${JSON.stringify(name)}, { id: "first-handler" }, async ({ body }) => {
	await handle(body);
});`;
}

/** Characters of an example in a command. */
const MOST_EXAMPLE = 2_000;

/**
 * The first listed event whose schema describes itself, with the JSON text of an example body. An event that is not
 * listed may be rejected by its handlers, or by a strict Worker.
 */
export function listedExample(): { name: string; body: string } | undefined {
	const { definitions, now } = useView();
	for (const { name, schema } of definitions) {
		const described = jsonSchemaOf(schema);
		const body = described && JSON.stringify(exampleOf(described, now));
		if (body && body.length <= MOST_EXAMPLE) return { name, body };
	}
	return undefined;
}

/** Extras of a publish, as its JSON has them. */
interface Extras {
	tags?: Readonly<Record<string, string>> | undefined;
	after?: string | undefined;
}

/** Returns a curl command that publishes an event. @param body JSON text, which stays as it is */
export function publishCommand(
	api: string,
	name: string,
	body: string,
	{ tags, after }: Extras = {},
): string {
	const members = [
		`"name":${JSON.stringify(name)}`,
		`"body":${body}`,
		...(after === undefined ? [] : [`"after":${JSON.stringify(after)}`]),
		...(tags ? [`"tags":${JSON.stringify(tags)}`] : []),
	];
	return [
		`curl ${quoted(`${api}/v1/events`)}`,
		'-H "authorization: Bearer $TIDINGS_KEY"',
		"-H 'content-type: application/json'",
		`-d ${quoted(`{${members.join(",")}}`)}`,
	].join(" \\\n  ");
}

/** Quotes a text for a POSIX shell. */
function quoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
