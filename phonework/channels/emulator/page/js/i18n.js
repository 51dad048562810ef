// The page's own labels, Chinese and English; what the bot writes comes as it is.
import { signal, computed } from './lib.js';
import { recall, remember } from './storage.js';

const LABELS = {
  chats: ['消息', 'Chats'],
  noChat: ['选择一个会话', 'Choose a chat'],
  noChats: ['还没有会话', 'No chats yet'],
  noMessages: ['还没有消息。发 /help 看怎么用。', 'No messages yet. Send /help to see how it works.'],
  back: ['返回', 'Back'],
  online: ['在线', 'Online'],
  offlineBot: ['机器人未连接', 'Bot not connected'],
  offline: ['连接已断开，正在重连…', 'Connection lost, reconnecting…'],
  loading: ['加载中…', 'Loading…'],
  settings: ['设置', 'Settings'],
  actingAs: ['当前身份', 'Signed in as'],
  theme: ['外观', 'Appearance'],
  themeAuto: ['跟随系统', 'System'],
  themeLight: ['浅色', 'Light'],
  themeDark: ['深色', 'Dark'],
  language: ['语言', 'Language'],
  languageAuto: ['跟随用户', 'Automatic'],
  newMessages: ['条新消息', 'new'],
  toBottom: ['回到最新消息', 'Go to the newest message'],
  placeholder: ['发消息给', 'Message'],
  send: ['发送', 'Send'],
  attach: ['添加图片或文件', 'Attach an image or file'],
  removeFile: ['移除', 'Remove'],
  mentionBot: ['@机器人', 'Mention the bot'],
  reply: ['回复', 'Reply'],
  copy: ['复制', 'Copy'],
  copied: ['已复制', 'Copied'],
  earlier: ['查看更早的消息', 'Show earlier messages'],
  recall: ['撤回', 'Recall'],
  recalled: ['消息已撤回', 'Message recalled'],
  quoteGone: ['原消息不可见', 'The original message is not available'],
  replyingTo: ['回复', 'Replying to'],
  cancel: ['取消', 'Cancel'],
  confirm: ['确定', 'Confirm'],
  close: ['关闭', 'Close'],
  topic: ['话题', 'Topic'],
  openTopic: ['查看话题', 'Open topic'],
  image: ['图片', 'Image'],
  file: ['文件', 'File'],
  audio: ['语音', 'Audio'],
  card: ['卡片', 'Card'],
  message: ['消息', 'Message'],
  download: ['下载', 'Download'],
  zoom: ['查看大图', 'Enlarge'],
  failedSend: ['发送失败，点击重试', 'Not sent. Tap to retry'],
  sending: ['发送中', 'Sending'],
  failed: ['操作失败', 'That did not work'],
  clickFailed: ['出错了，请稍后重试', 'Something went wrong, try again later'],
  unsupported: ['暂不支持的组件', 'Unsupported element'],
  unsupportedMessage: ['暂不支持的消息类型', 'Unsupported message type'],
  choose: ['请选择', 'Choose'],
  required: ['请填写此项', 'Fill this in'],
  requiredChoice: ['请选择此项', 'Choose one'],
  code: ['代码', 'Code'],
  previousPage: ['上一页', 'Previous page'],
  nextPage: ['下一页', 'Next page'],
  more: ['更多', 'More'],
  today: ['今天', 'Today'],
  yesterday: ['昨天', 'Yesterday'],
  pinned: ['已置顶', 'Pinned'],
  urgent: ['加急', 'Urgent'],
  bot: ['机器人', 'Bot'],
  unread: ['条未读', 'unread'],
  messageList: ['消息记录', 'Messages'],
  dropHere: ['松手发送文件', 'Drop files to attach'],
  typing: ['正在处理', 'Working'],
  commands: ['命令', 'Commands'],
  everyone: ['所有人', 'everyone'],
  newGroup: ['新建群聊', 'New group'],
  groupName: ['群名称', 'Name of the group'],
  groupMembers: ['成员（你和机器人都在群里）', 'Members (you and the bot are in it)'],
  create: ['创建', 'Create'],
  killBefore: ['试试看会不会丢东西：在终端运行', 'Try to lose something: run'],
  killAfter: ['，再启动演示。说过的、问着的、提醒都还在。', 'in a terminal, then start the demo again. Words, open questions and reminders are all still there.'],
  somebody: ['未知用户', 'unknown user'],
};

export const COMMANDS = [
  ['/new', '新会话', 'New session'],
  ['/help', '怎么用', 'How to use it'],
  ['/status', '我的会话', 'My sessions'],
  ['/list', '我的会话', 'My sessions'],
  ['/switch', '换到另一个会话', 'Go to another session'],
  ['/close', '关闭会话', 'Close the session'],
  ['/resume', '接着做在电脑上开始的对话', 'Go on with a conversation of the desk'],
  ['/stop', '停下这一轮', 'Stop this turn'],
  ['/retry', '把上一条再跑一遍', 'Run the last message again'],
  ['/tasks', '转到后台的任务', 'Tasks in the background'],
  ['/pending', '等我回答的问题', 'Questions that wait for me'],
  ['/diff', '改了什么', 'What was changed'],
  ['/log', '最近几轮做了什么', 'What the last turns were'],
  ['/get', '把文件发过来', 'Send a file here'],
  ['/cost', '用量与费用', 'What was used'],
  ['/context', '上下文占了多少', 'How full the context is'],
  ['/model', '选择模型', 'Choose the model'],
  ['/mode', '智能体问多少', 'How much the agent asks'],
  ['/rules', '不问就做的事', 'What is done unasked'],
  ['/clear', '忘掉之前的对话', 'Forget the conversation'],
  ['/shell', '运行命令', 'Run a command'],
  ['/web', '联网搜索', 'Search the web'],
  ['/remind', '提醒我', 'Remind me'],
  ['/reminders', '我的提醒', 'My reminders'],
  ['/smart', '智能模式', 'Smart mode'],
  ['/direct', '直接模式', 'Direct mode'],
  ['/lang', '语言', 'Language'],
  ['/verbose', '显示多少', 'How much is shown'],
  ['/quiet', '免打扰时段', 'Quiet hours'],
  ['/timezone', '时区', 'Time zone'],
];

export const userLanguage = signal('en');
export const languageChoice = signal(recall('language', 'auto'));
export const language = computed(() =>
  languageChoice.value === 'zh' || languageChoice.value === 'en' ? languageChoice.value : userLanguage.value,
);

export function chooseLanguage(choice) {
  languageChoice.value = choice;
  remember('language', choice);
}

export const t = (key) => LABELS[key][language.value === 'zh' ? 0 : 1];

const locale = () => (language.value === 'zh' ? 'zh-CN' : 'en-GB');
const startOfDay = (ms) => new Date(ms).setHours(0, 0, 0, 0);

export const clockTime = (ms) => new Date(ms).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit' });

function dayName(ms, now) {
  const days = Math.round((startOfDay(now) - startOfDay(ms)) / 86_400_000);
  if (days === 0) return '';
  if (days === 1) return t('yesterday');
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return new Date(ms).toLocaleDateString(locale(), {
    month: 'short',
    day: 'numeric',
    ...(sameYear ? {} : { year: 'numeric' }),
  });
}

/** For the chat list: the time today, else the day. */
export const shortTime = (ms, now) => dayName(ms, now) || clockTime(ms);
/** For the separators in a conversation: the day (unless today) and the time. */
export const longTime = (ms, now) => [dayName(ms, now), clockTime(ms)].filter(Boolean).join(' ');
export const fullTime = (ms) => new Date(ms).toLocaleString(locale());

/** A card's text may carry translations: {"content": "...", "i18n_content": {"zh_cn": "...", "en_us": "..."}}. */
export function translated(text) {
  if (text == null) return '';
  if (typeof text === 'string') return text;
  const own = language.value === 'zh' ? 'zh_cn' : 'en_us';
  const translations = text.i18n_content || text.i18n || {};
  const content = translations[own] ?? text.content ?? '';
  return typeof content === 'string' ? content : String(content);
}
