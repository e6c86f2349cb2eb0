import { webhook } from "../../calendar.ts";

export default async function stop(): Promise<void> {
	await webhook("DELETE");
}
