// Calls a running Carrel with the official SDK for Node, as a program of a customer's does. It prints nothing and ends with 0 when all
// is as it should be. The SDK publishes its core alone where these tests get it from; the core makes, signs and sends every request.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { BasicCredentials } = require('@huaweicloud/huaweicloud-sdk-core');
const { ClientBuilder } = require('@huaweicloud/huaweicloud-sdk-core/ClientBuilder');
const FormData = require('form-data');

const { CARREL_ENDPOINT: endpoint, CARREL_AK: ak, CARREL_SK: sk, CARREL_PROJECT: project } = process.env;
const json = 'application/json';

function connect(address) {
  const credentials = new BasicCredentials().withAk(ak).withSk(sk).withProjectId(project);
  return new ClientBuilder((client) => client).withCredential(credentials).withEndpoint(address).build();
}

async function call(client, method, path, more = {}) {
  return client.sendRequest({
    method, url: `/v2/{project_id}${path}`, contentType: json, headers: {}, queryParams: {}, ...more,
    pathParams: { project_id: project, ...more.pathParams },
  });
}

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('the call was not refused');
}

for (const address of [endpoint, `${endpoint}/`]) {
  const client = connect(address);

  const names = ['node-b', 'node-a'];
  const desktops = await call(client, 'GET', '/desktops', { queryParams: { user_name: names, computer_name: `it's "q" *` } });
  assert.equal(desktops.total_count, 0);

  // An odd id is signed as well as any other: the refusal is about the person, not about the signature.
  const unknown = await refusal(call(client, 'GET', '/users/{user_id}', { pathParams: { user_id: `o'brien "x"|^{}\`!*()桌` } }));
  assert.equal(unknown.httpStatusCode ?? unknown.status ?? unknown.statusCode, 400, JSON.stringify(unknown));
  assert.match(JSON.stringify(unknown), /WKS\.00170312/);
}

const client = connect(endpoint);
const person = await call(client, 'POST', '/users', { data: { user_name: 'node-a', user_email: 'node@example.org', description: 'ÄÖ桌 <&>' } });
const shown = await call(client, 'GET', '/users/{user_id}', { pathParams: { user_id: person.id } });
assert.equal(shown.user_detail.description, 'ÄÖ桌 <&>');

const form = new FormData();
form.append('file', Buffer.from('user_name,user_email\n'), { filename: 'people.csv' });
const imported = await refusal(call(client, 'POST', '/users/desktop-users/action/import', { contentType: 'multipart/form-data', data: form }));
assert.match(JSON.stringify(imported), /WKS\.00010001/, 'the upload was signed and read, and its rows were looked at');

const file = await call(client, 'GET', '/users/template/download', { axiosRequestConfig: { responseType: 'arraybuffer' } });
const bytes = Buffer.from(file.body ?? file);
assert.equal(bytes.subarray(0, 2).toString(), 'PK', 'a workbook is a ZIP archive');
