// Microsoft's own client for JavaScript, unmodified: asks page by page, with facets, wrongly, and for the operations.
// node ask.cjs FOLDER ENDPOINT: FOLDER holds node_modules. Prints what the client made of the answers, as JSON.
const { createRequire } = require("node:module");
const path = require("node:path");

const [folder, endpoint] = process.argv.slice(2);
const { ResourceGraphClient } = createRequire(path.join(folder, "index.js"))("@azure/arm-resourcegraph");

const credential = { getToken: async () => ({ token: "any", expiresOnTimestamp: Date.now() + 3600e3 }) };
const client = new ResourceGraphClient(credential, { endpoint, baseUri: endpoint });
const query = "Resources | project id, name | order by id asc";

async function main() {
  const ids = [];
  let skipToken, pages = 0, total;
  do {
    const answer = await client.resources({ query, options: { top: 40, skipToken } });
    ids.push(...answer.data.map((row) => row.id));
    ({ skipToken, totalRecords: total } = answer);
    pages += 1;
  } while (skipToken);
  const table = await client.resources({
    query: "Resources | summarize count()",
    options: { resultFormat: "table" },
    facets: [{ expression: "count_" }, { expression: "nope" }],
  });
  let refused;
  try {
    await client.resources({ query: "where where" });
  } catch (error) {
    refused = { status: error.statusCode, code: error.code, details: error.details ?? error.body?.error?.details };
  }
  const operations = [];
  const list = client.operations.list();
  if (list[Symbol.asyncIterator]) for await (const each of list) operations.push(each.name);
  else operations.push(...(await list).map((each) => each.name));
  console.log(JSON.stringify({ ids, pages, total, table, refused, operations }));
}

main().catch((error) => { console.error(error); process.exit(1); });
