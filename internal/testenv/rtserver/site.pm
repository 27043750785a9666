# The configuration of one private RT. RT reads it instead of /etc, because
# RT_SITE_CONFIG names it.
Set($rtname, 'rt.test');
Set($Organization, 'rt.test');
Set($WebPath, '');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebBaseURL, {base});
Set($DatabaseType, 'Pg');
Set($DatabaseHost, '127.0.0.1');
Set($DatabasePort, {dbport});
Set($DatabaseName, {dbname});
Set($DatabaseUser, {dbuser});
Set($DatabasePassword, {dbpassword});
Set($CorrespondAddress, 'rt@rt.test');
Set($CommentAddress, 'rt-comment@rt.test');
Set($MailCommand, 'sendmailpipe');
Set($SendmailPath, {dir} . '/sendmail');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
Set($Timezone, 'UTC');
# RT checks the password at each request, for a quarter of a second by default.
Set($BcryptCost, 4);
# Where RT itself would write into /var.
$RT::MasonDataDir = {dir} . '/mason';
$RT::MasonSessionDir = {dir} . '/sessions';
$RT::VarPath = {dir};
1;
