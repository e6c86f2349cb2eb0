/** Commands and code that pages show for copying. */

export const FIRST_HANDLER = `events.on("order.placed", { id: "send-receipt" }, async ({ body }) => {
	await sendReceipt(body);
});`;

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
