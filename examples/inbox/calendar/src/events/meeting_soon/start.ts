import type { Capabilities } from "tidings/apps";
import { webhook } from "../../calendar.ts";

export default async function start({
	webhookUrl,
}: Capabilities): Promise<void> {
	await webhook("PUT", webhookUrl);
}
