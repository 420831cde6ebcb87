// Microsoft's own client of compute for JavaScript, unmodified, logged in with a secret: lists, acts, waits, makes.
// node compute.cjs FOLDER ENDPOINT SUBSCRIPTION: FOLDER holds node_modules. Prints what it made of the answers, as JSON.
const { createRequire } = require("node:module");
const path = require("node:path");

const [folder, endpoint, subscription] = process.argv.slice(2);
const load = createRequire(path.join(folder, "index.js"));
const { ComputeManagementClient } = load("@azure/arm-compute");

const credential = { getToken: async () => ({ token: "any", expiresOnTimestamp: Date.now() + 3600e3 }) };
const scopes = { credentialScopes: ["https://management.azure.com/.default"] };
const client = new ComputeManagementClient(credential, subscription, { endpoint, ...scopes });
const often = { updateIntervalInMs: 20 };

async function main() {
  const machines = [];
  for await (const each of client.virtualMachines.listAll()) machines.push(each);
  const codes = async (group, name) =>
    (await client.virtualMachines.instanceView(group, name)).statuses.map((status) => status.code);
  let running;
  for (const each of machines) {
    const [group, name] = [each.id.split("/")[4], each.name];
    if ((await codes(group, name)).includes("PowerState/running")) { running = [group, name]; break; }
  }
  await client.virtualMachines.beginDeallocateAndWait(...running, often);
  const deallocated = await codes(...running);
  await client.virtualMachines.beginStartAndWait(...running, often);
  const started = await codes(...running);
  const [group] = running;
  const empty = { location: "eastus", creationData: { createOption: "Empty" }, diskSizeGB: 4 };
  const disk = await client.disks.beginCreateOrUpdateAndWait(group, "from-node", empty, often);
  await client.disks.beginDeleteAndWait(group, "from-node", often);
  const set = await client.availabilitySets.createOrUpdate(group, "from-node", { location: "eastus" });
  await client.availabilitySets.delete(group, "from-node");
  const missing = await client.virtualMachines.get(group, "nope").catch((error) => [error.statusCode, error.code]);
  console.log(JSON.stringify({
    machines: machines.map((each) => each.id), deallocated, started, disk: disk.provisioningState, set: set.name, missing,
  }));
}

main().catch((error) => { console.error(error); process.exit(1); });
