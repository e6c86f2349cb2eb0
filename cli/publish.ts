/** `publish`. */
import type { Command } from "commander";
import { createClient } from "../src/client.ts";
import { parseAfter } from "./after.ts";
import { parseBody } from "./body.ts";
import type { Context } from "./context.ts";
import { UsageError } from "./usage-error.ts";

export function publishCommand(program: Command, context: Context): void {
	program
		.command("publish <name> [body]")
		.description("publish an event; the body is JSON, null by default")
		.option(
			"--after <time>",
			'deliver it later, such as 2h, "3 days" or a date-time',
		)
		.option("--lane <lane>", "the lane of its queue")
		.option("--tag <key:value...>", "tags, such as customer:c42")
		.option("--idempotency-key <key>", "publish only once in 24 hours")
		.addHelpText(
			"after",
			`
Examples: tidings publish order.paid '{ "orderId": "o1" }' --tag customer:c42
          tidings publish order.reminded --after "2 days"`,
		)
		.action(async (name: string, body = "null", options: PublishOptions) => {
			const client = createClient(context.target());
			const { tag = [], after, ...rest } = options;
			const given = {
				...rest,
				tags: tagsIn(tag),
				...(after !== undefined && { after: parseAfter(after) }),
			};
			const receipt = await client.publish(name, given, parseBody(body));
			context.print(receipt, () => console.log(receipt.id));
		});
}

interface PublishOptions {
	after?: string;
	lane?: string;
	tag?: string[];
	idempotencyKey?: string;
}

function tagsIn(tags: readonly string[]): Record<string, string> {
	return Object.fromEntries(
		tags.map((tag) => {
			const [, key, value] = /^([^:]+):(.+)$/s.exec(tag) ?? [];
			if (key !== undefined && value !== undefined) return [key, value];
			throw new UsageError(
				`--tag: ${JSON.stringify(tag)} is not a tag. Give <key>:<value>, such as customer:c42.`,
			);
		}),
	);
}
