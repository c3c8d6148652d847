import { test } from 'node:test'
import assert from 'node:assert/strict'
import { pathOf, roomNamed, roomOf } from '../../elements/node.js'

test('a path is a room', () => {
  for (const [path, room] of [
    ['/', 'general'], ['/r/design', 'design'], ['/r/design/', 'design'], ['/r/', 'general'],
    ['/r/tea%20%26%20cake%3F', 'tea & cake?'], ['/r/%E5%BA%AD', '庭'], ['/r/50%', ''], ['/r/%ff', ''], ['/r/..%2F', ''], ['/r/%20a', ''], ['/r/a%00', ''], ['/r/' + 'x'.repeat(65), ''], ['/r/%2E%2E', ''],
    ['/r/e%CC%81t%C3%A9', 'été'], ['/else', 'general'],
  ]) assert.equal(roomOf(path), room, path)
})

test('a room has a path that leads back to it', () => {
  for (const room of ['general', 'design', 'tea & cake?', '庭', '50%', '#1', '..a', 'a;b=c'])
    assert.equal(roomOf(new URL(pathOf(room), 'http://localhost').pathname), room)
})

test('what is typed becomes the name of a room, or none', () => {
  for (const [typed, room] of [
    [' design ', 'design'], ['#design', 'design'], ['a/b', ''], ['', ''], ['#', ''], ['a\u202eb', ''], ['..', ''],
    ['x'.repeat(64), 'x'.repeat(64)], ['x'.repeat(65), ''], ['𝒳'.repeat(64), '𝒳'.repeat(64)],
  ]) assert.equal(roomNamed(typed), room, typed)
})
